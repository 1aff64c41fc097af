/** What executes the runs of a sweep, live while the view is visible. */

import { useEffect, useState } from 'react';

import type { Resources } from '../../../api/schemas';
import { useVisible } from '../../../components/viewContext';
import type { SweepModel } from '../../../models/sweepModel';

/** Null until the server has answered. */
export function useResources(sweep: SweepModel): Resources | null {
  const isVisible = useVisible();
  const [resources, setResources] = useState<Resources | null>(null);
  useEffect(() => {
    if (!isVisible) {
      return undefined;
    }
    const topic = sweep.host.socket.open(
      () => ({ topic: 'resources', sweep: sweep.id }),
      message => {
        if (message.kind === 'resources') {
          setResources(message.resources);
        }
      }
    );
    return () => topic.dispose();
  }, [sweep, isVisible]);
  return resources;
}
