/** A view whose code is loaded when it is first shown, and asked for again if that has failed. */

import { type ComponentType, type ReactElement, useEffect, useState } from 'react';

import { useLab } from '../lab';
import { Problem, Skeleton } from './Notices';

/** Loaded once for the page; React's own `lazy` would remember a failure for ever. */
export function lazily<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P): ReactElement {
    const { trans } = useLab();
    const [, setReady] = useState(loaded !== null);
    const [attempt, setAttempt] = useState(1);
    const [failed, setFailed] = useState(0);
    useEffect(() => {
      let over = false;
      if (loaded === null) {
        load().then(
          component => {
            loaded = component;
            if (!over) {
              setReady(true);
            }
          },
          () => {
            if (!over) {
              setFailed(attempt);
            }
          }
        );
      }
      return () => {
        over = true;
      };
    }, [attempt]);
    if (loaded !== null) {
      const Loaded = loaded;
      return <Loaded {...props} />;
    }
    return failed === attempt ? (
      <Problem
        message={trans.__('This view could not be loaded; is the server reachable?')}
        onRetry={() => setAttempt(attempt + 1)}
      />
    ) : (
      <Skeleton />
    );
  };
}
