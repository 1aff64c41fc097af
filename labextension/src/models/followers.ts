/** Counts the followers of a model, so that its topic is open only while there are any. */

import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

export class Followers {
  constructor(
    private readonly _onFirst: () => void,
    private readonly _onLast: () => void
  ) {}

  get count(): number {
    return this._followers.size;
  }

  /** Add a follower until the result is disposed. */
  add(): IDisposable {
    const follower = new DisposableDelegate(() => {
      if (this._followers.delete(follower) && this.count === 0) {
        this._onLast();
      }
    });
    this._followers.add(follower);
    if (this.count === 1) {
      this._onFirst();
    }
    return follower;
  }

  /** Forget all followers. */
  clear(): void {
    if (this.count > 0) {
      this._followers.clear();
      this._onLast();
    }
  }

  private readonly _followers = new Set<IDisposable>();
}
