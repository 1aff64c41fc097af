/** A view whose code is loaded when it is first shown, and loaded again if that fails. */

import { type ComponentType, type ReactElement, useEffect, useState } from 'react';

import { usePanelContext } from './context';
import { ErrorMessage, Skeleton } from './Placeholders';

/** Loaded once per page; React's own `lazy` would remember a failure forever. */
export function lazyView<P extends object>(
  load: () => Promise<ComponentType<P>>
): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P): ReactElement {
    const { trans } = usePanelContext();
    const [, setReady] = useState(loaded !== null);
    const [attempt, setAttempt] = useState(1);
    const [failed, setFailed] = useState(0);
    useEffect(() => {
      let isUnmounted = false;
      if (loaded === null) {
        load().then(
          component => {
            loaded = component;
            if (!isUnmounted) {
              setReady(true);
            }
          },
          () => {
            if (!isUnmounted) {
              setFailed(attempt);
            }
          }
        );
      }
      return () => {
        isUnmounted = true;
      };
    }, [attempt]);
    if (loaded !== null) {
      const Loaded = loaded;
      return <Loaded {...props} />;
    }
    return failed === attempt ? (
      <ErrorMessage
        message={trans.__('This view could not be loaded; is the server reachable?')}
        onRetry={() => setAttempt(attempt + 1)}
      />
    ) : (
      <Skeleton />
    );
  };
}
