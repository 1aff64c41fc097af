/**
 * A real Jupyter server in a folder of its own. It hides the user's home, Jupyter and W&B, and takes
 * along whatever was started in it, supervisors and runs included.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const PROJECT = resolve(import.meta.dirname, '../..');
const MARK = 'WANDB_MAGIC_TEST'; // as in tests/conftest.py
const END_MS = 15_000;
const START_MS = 120_000;

export class Server {
  /** The server's own folder: home, configuration, log; below it `notebooks`, the root it shows. */
  readonly folder = mkdtempSync(join(tmpdir(), 'wm-'));
  readonly root = join(this.folder, 'notebooks');
  readonly token = 'a-token-of-the-tests';
  readonly env: NodeJS.ProcessEnv;
  private readonly bin: string;
  private port = 0;
  private process: ChildProcess | null = null;

  constructor(private readonly options: Server.IOptions = {}) {
    this.bin = join(PROJECT, options.environment ?? '.venv', 'bin');
    const outside = Object.entries(process.env).filter(
      ([name]) => !/^(WANDB_|JUPYTER|IPYTHON|XDG_)/.test(name)
    );
    const home = join(this.folder, 'home');
    const temporary = join(this.folder, 'tmp');
    [this.root, home, temporary].forEach(folder => mkdirSync(folder));
    this.env = {
      ...Object.fromEntries(outside),
      PATH: `${this.bin}:${process.env.PATH ?? ''}`,
      HOME: home,
      TMPDIR: temporary,
      JUPYTERLAB_GALATA_ROOT_DIR: this.root,
      WANDB_DIR: this.folder,
      [MARK]: this.folder,
      ...options.env
    };
  }

  /** Without a slash at its end, as Galata wants it. */
  get url(): string {
    return `http://127.0.0.1:${this.port}${this.options.baseUrl ?? ''}`;
  }

  /** Start, or start again at the same address. */
  async start(): Promise<void> {
    this.port ||= await freePort();
    const log = openSync(this.log, 'a');
    this.process = spawn(
      join(this.bin, 'jupyter'),
      [
        this.options.app ?? 'lab',
        `--config=${join(import.meta.dirname, '../jupyter_server_test_config.py')}`,
        `--ServerApp.port=${this.port}`,
        `--ServerApp.base_url=${this.options.baseUrl ?? ''}/`,
        `--IdentityProvider.token=${this.token}`
      ],
      { cwd: this.root, env: this.env, stdio: ['ignore', log, log] }
    );
    closeSync(log);
    const deadline = Date.now() + START_MS;
    while (!(await this.answers())) {
      if (this.process.exitCode !== null || Date.now() > deadline) {
        throw new Error(`The Jupyter server does not start:\n${readFileSync(this.log, 'utf8')}`);
      }
      await pause(50);
    }
  }

  /** End the server as Ctrl-C does. Its kernels end; sweeps go on. */
  async stop(): Promise<void> {
    const server = this.process;
    if (server !== null && server.exitCode === null) {
      const ended = new Promise(done => server.once('exit', done));
      server.kill('SIGTERM');
      // A thread of Jupyter's own that waits for work may keep it from its end.
      const late = setTimeout(() => server.kill('SIGKILL'), END_MS);
      await ended;
      clearTimeout(late);
    }
  }

  /** End everything that was started here, and remove the folder. */
  async end(): Promise<void> {
    await this.stop();
    execFileSync(join(PROJECT, '.venv', 'bin', 'python'), [
      '-c',
      'import sys; sys.path.insert(0, sys.argv[1]); import conftest; conftest.end_processes(sys.argv[2])',
      join(PROJECT, 'tests'),
      this.folder
    ]);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Run Python where the server's notebooks are, as in a terminal, and return what it prints. */
  async python(code: string): Promise<string> {
    const options = { cwd: this.root, env: this.env };
    return (await promisify(execFile)(join(this.bin, 'python'), ['-c', code], options)).stdout;
  }

  /** Ask the server, as a program that has the token. */
  fetch(path: string, options: RequestInit = {}): Promise<Response> {
    const headers = new Headers(options.headers);
    headers.set('Authorization', `token ${this.token}`);
    return fetch(`${this.url}/${path}`, { ...options, headers });
  }

  private get log(): string {
    return join(this.folder, 'jupyter.log');
  }

  private async answers(): Promise<boolean> {
    try {
      return (await this.fetch('api/status')).ok;
    } catch {
      return false; // nobody listens yet
    }
  }
}

export namespace Server {
  export interface IOptions {
    app?: 'lab' | 'notebook';
    /** Another environment than `.venv`, as `.venvs/lab-oldest`. */
    environment?: string;
    /** As `/foo`. */
    baseUrl?: string;
    env?: Record<string, string>;
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        done(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}
