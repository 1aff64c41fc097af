/** Lists the plugins, and does nothing else. */

import { cellPlugin } from './plugins/cell';
import { commandsPlugin } from './plugins/commands';
import { modelPlugin } from './plugins/model';
import { panelPlugin } from './plugins/panel';
import { runningPlugin } from './plugins/running';
import { statusPlugin } from './plugins/statusbar';
import { toastsPlugin } from './plugins/toasts';

export { IModel } from './tokens';

export default [
  modelPlugin,
  panelPlugin,
  commandsPlugin,
  cellPlugin,
  runningPlugin,
  statusPlugin,
  toastsPlugin
];
