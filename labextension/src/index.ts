/** Lists the plugins, and does nothing else. */

import { cellOutputPlugin } from './plugins/cellOutput';
import { commandsPlugin } from './plugins/commands';
import { linksPlugin } from './plugins/links';
import { modelPlugin } from './plugins/model';
import { panelPlugin } from './plugins/panel';
import { runningPlugin } from './plugins/running';
import { statusPlugin } from './plugins/statusbar';
import { notificationsPlugin } from './plugins/notifications';

export { ISweepsModel } from './tokens';

export default [
  modelPlugin,
  panelPlugin,
  linksPlugin,
  commandsPlugin,
  cellOutputPlugin,
  runningPlugin,
  statusPlugin,
  notificationsPlugin
];
