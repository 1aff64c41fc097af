/** Calls a function when the connection to the server is restored. */

import { useEffect } from 'react';

import { usePanelContext } from './context';

export function useOnReconnect(action: () => void): void {
  const { socket } = usePanelContext().model;
  useEffect(() => {
    const slot = () => {
      if (socket.lostAt === null) {
        action();
      }
    };
    socket.changed.connect(slot);
    return () => void socket.changed.disconnect(slot);
  }, [socket, action]);
}
