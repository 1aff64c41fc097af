/** Reads a file that a run saved. */

import { useEffect, useState } from 'react';

import { useLab } from '../../lab';
import type { RunModel } from '../../run';

/** The text of a saved file; null until it is there, an error if it does not come. */
export function useFileText(run: RunModel, path: string): string | Error | null {
  const { model } = useLab();
  const [found, setFound] = useState<{ path: string; text: string | Error } | null>(null);
  useEffect(() => {
    let over = false;
    const take = (text: string | Error) => {
      if (!over) {
        setFound({ path, text });
      }
    };
    model.api.fileText(run.sweep.id, run.id, path).then(take, (error: unknown) => {
      take(error instanceof Error ? error : new Error(String(error)));
    });
    return () => {
      over = true;
    };
  }, [model, run, path]);
  return found?.path === path ? found.text : null;
}
