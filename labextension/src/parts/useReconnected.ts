/** Does something when the connection to the server is back. */

import { useEffect } from 'react';

import { useLab } from '../lab';

export function useReconnected(action: () => void): void {
  const { socket } = useLab().model;
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
