/** Buttons in JupyterLab's style: a label, an icon with the label as its tooltip, or both. */

import type { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { type MouseEvent, type ReactElement, useEffect, useReducer } from 'react';

import { usePanelContext } from './context';
import { useSignal } from './useSignal';

export interface IButtonProps {
  label: string;
  icon?: LabIcon;
  /** Whether the label is visible; otherwise it is the tooltip and the accessible name. */
  showLabel?: boolean;
  title?: string;
  disabled?: boolean;
  /** Whether it is the primary action. */
  isPrimary?: boolean;
  /** Whether it is pressed, for toggle buttons. */
  isPressed?: boolean;
  className?: string;
  /** -1 removes it from the tab order, e.g. in the items of a list that are not the current one. */
  tabIndex?: number;
  onClick: (event: MouseEvent<HTMLButtonElement>) => void;
}

export function Button(props: IButtonProps): ReactElement {
  const {
    label,
    icon: Icon,
    showLabel = Icon === undefined,
    title,
    isPrimary,
    className = ''
  } = props;
  const kind = isPrimary ? 'jp-wm-mod-primary' : '';
  return (
    <button
      type="button"
      className={`jp-wm-Button ${showLabel ? '' : 'jp-wm-mod-icon'} ${kind} ${className}`}
      title={title ?? (showLabel ? undefined : label)}
      aria-label={showLabel ? undefined : label}
      aria-pressed={props.isPressed}
      disabled={props.disabled}
      tabIndex={props.tabIndex}
      onClick={props.onClick}
    >
      {Icon && <Icon.react tag="span" className="jp-wm-Button-icon" aria-hidden="true" />}
      {showLabel && <span>{label}</span>}
    </button>
  );
}

/** A button that executes a command; it is visible and enabled when the command is. */
export function CommandButton({
  command,
  args,
  ...props
}: {
  command: string;
  args: ReadonlyPartialJSONObject;
} & Partial<Omit<IButtonProps, 'onClick'>>): ReactElement | null {
  const { commands, model } = usePanelContext();
  const [, render] = useReducer((count: number) => count + 1, 0);
  useSignal(model.changed);
  useEffect(() => {
    commands.commandChanged.connect(render);
    return () => void commands.commandChanged.disconnect(render);
  }, [commands]);
  if (!commands.hasCommand(command) || !commands.isVisible(command, args)) {
    return null;
  }
  const icon = commands.icon(command, args);
  return (
    <Button
      label={commands.label(command, args)}
      icon={typeof icon === 'object' ? (icon as LabIcon) : undefined}
      title={commands.caption(command, args) || undefined}
      disabled={!commands.isEnabled(command, args)}
      {...props}
      onClick={() => void commands.execute(command, args)}
    />
  );
}
