import { defineConfig } from 'vitest/config';

// Lab's packages are written for a bundler (no file endings, css imports), so vite reads them too.
export default defineConfig({
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.{ts,tsx}'],
    server: { deps: { inline: [/@jupyterlab\//, /@jupyter\//, /@lumino\//] } }
  }
});
