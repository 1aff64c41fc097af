/** Reads a file that a run saved. */

import { useEffect, useState } from 'react';

import { usePanelContext } from '../../components/context';
import type { RunModel } from '../../models/runModel';

/** The text of a saved file; null while loading, an error if it fails. */
export function useFileText(run: RunModel, path: string): string | Error | null {
  const { model } = usePanelContext();
  const [result, setFound] = useState<{ path: string; text: string | Error } | null>(null);
  useEffect(() => {
    let isUnmounted = false;
    const onLoaded = (text: string | Error) => {
      if (!isUnmounted) {
        setFound({ path, text });
      }
    };
    model.api.fileText(run.sweep.id, run.id, path).then(onLoaded, (error: unknown) => {
      onLoaded(error instanceof Error ? error : new Error(String(error)));
    });
    return () => {
      isUnmounted = true;
    };
  }, [model, run, path]);
  return result?.path === path ? result.text : null;
}
