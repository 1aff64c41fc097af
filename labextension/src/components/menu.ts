/** Opens JupyterLab's own menus from a view. */

import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';

/** A command with its arguments, or a separator. */
export type MenuEntry = { command: string; args?: ReadonlyJSONObject } | 'separator';

/** Open a menu below a button, or at a point. Hidden commands are left out. */
export function openMenu(
  commands: CommandRegistry,
  entries: readonly MenuEntry[],
  anchor: Element | { x: number; y: number }
): void {
  const menu = new Menu({ commands });
  for (const entry of entries) {
    if (entry === 'separator') {
      menu.addItem({ type: 'separator' });
    } else if (commands.hasCommand(entry.command)) {
      menu.addItem({ command: entry.command, args: entry.args });
    }
  }
  // A menu closes before its command is executed, so it must not be disposed in between.
  menu.aboutToClose.connect(() => window.setTimeout(() => menu.dispose()));
  if (anchor instanceof Element) {
    const { left, bottom } = anchor.getBoundingClientRect();
    menu.open(left, bottom);
  } else {
    menu.open(anchor.x, anchor.y);
  }
}
