import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { defineConfig } from '@playwright/test';

/** The system's Chromium where there is one; Playwright's own elsewhere. */
const chromium = (process.env.PATH ?? '')
  .split(':')
  .map(folder => join(folder, 'chromium'))
  .find(existsSync);

export default defineConfig({
  testDir: 'tests',
  // Browsers, servers and kernels share few cores, and mostly wait for each other. A deadline ends
  // what hangs, and measures nothing.
  timeout: 240_000,
  expect: { timeout: 45_000 },
  fullyParallel: true,
  workers: 2,
  // What fails once is reported as flaky, and runs again.
  retries: 1,
  forbidOnly: process.env.CI !== undefined,
  reporter: 'list',
  use: {
    viewport: { width: 1280, height: 800 },
    actionTimeout: 45_000,
    navigationTimeout: 60_000,
    screenshot: 'only-on-failure',
    trace: 'on-first-retry', // it takes a fifth of the time to record each test
    video: 'off',
    launchOptions: {
      executablePath: chromium,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  }
});
