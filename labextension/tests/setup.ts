/** What jsdom lacks and our code, or JupyterLab's, needs; jsdom lays out nothing anyway. */

class NoObserver {
  observe(): void {
    // Nothing ever changes its size, or becomes visible.
  }
  unobserve(): void {
    // As above.
  }
  disconnect(): void {
    // As above.
  }
}

Object.assign(globalThis, {
  IS_REACT_ACT_ENVIRONMENT: true,
  matchMedia: () => ({ matches: false, addEventListener: () => undefined }),
  DragEvent: MouseEvent,
  requestIdleCallback: (callback: () => void) => setTimeout(callback),
  IntersectionObserver: NoObserver,
  ResizeObserver: NoObserver
});
