import { defineConfig } from 'vitest/config';

// Lab's packages are written for a bundler (no file endings, css imports), so vite reads them too.
export default defineConfig({
  test: {
    environment: 'jsdom',
    isolate: false, // one page for all files: making one takes longer than the tests
    testTimeout: 60_000, // they may run beside others
    setupFiles: ['tests/setup.ts'],
    include: ['tests/**/*.test.{ts,tsx}'],
    server: { deps: { inline: [/@jupyterlab\//, /@jupyter\//, /@lumino\//] } }
  }
});
