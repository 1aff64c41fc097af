/** A popover that edits the name, tags and notes of a sweep or a run. */

import { type FormEvent, type ReactElement, useId, useState } from 'react';

import { usePanelContext } from './context';
import { Button } from './Button';
import { Popover } from './Popover';

/** What users write about a sweep or a run. */
export interface ILabels {
  name: string;
  tags: readonly string[];
  notes: string;
}

/** The tags in a text, which commas separate; each once. */
export function parseTags(text: string): string[] {
  return [...new Set(text.split(',').map(tag => tag.trim()))].filter(Boolean);
}

/** Only what has changed: the rest stays what runs have logged. */
export function changedLabels(before: ILabels, after: ILabels): Partial<ILabels> {
  const changes: Partial<ILabels> = {};
  if (after.name.trim() !== before.name) {
    changes.name = after.name.trim();
  }
  if (after.tags.join('\n') !== before.tags.join('\n')) {
    changes.tags = after.tags;
  }
  if (after.notes !== before.notes) {
    changes.notes = after.notes;
  }
  return changes;
}

export function AnnotationEditor({
  labels,
  anchor,
  onSave,
  onClose
}: {
  labels: ILabels;
  anchor: HTMLElement;
  /** Save what has changed; an error keeps the popover open and is shown in it. */
  onSave: (changes: Partial<ILabels>) => Promise<void>;
  onClose: () => void;
}): ReactElement {
  const { trans } = usePanelContext();
  const id = useId();
  const [name, setName] = useState(labels.name);
  const [tags, setTags] = useState(labels.tags.join(', '));
  const [notes, setNotes] = useState(labels.notes);
  const [problem, setProblem] = useState('');
  const [isSaving, setSaving] = useState(false);
  const save = async () => {
    const changes = changedLabels(labels, { name, tags: parseTags(tags), notes });
    setSaving(true);
    try {
      if (Object.keys(changes).length > 0) {
        await onSave(changes);
      }
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setSaving(false);
    }
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void save();
  };
  return (
    <Popover anchor={anchor} label={trans.__('Name, tags and notes')} onClose={onClose}>
      <form className="jp-wm-Annotations" onSubmit={onSubmit}>
        <label htmlFor={`${id}-name`}>{trans.__('Name')}</label>
        <input
          id={`${id}-name`}
          value={name}
          maxLength={128}
          onChange={event => setName(event.target.value)}
        />
        <label htmlFor={`${id}-tags`}>{trans.__('Tags, separated by commas')}</label>
        <input id={`${id}-tags`} value={tags} onChange={event => setTags(event.target.value)} />
        <label htmlFor={`${id}-notes`}>{trans.__('Notes, in Markdown')}</label>
        <textarea
          id={`${id}-notes`}
          rows={6}
          value={notes}
          onChange={event => setNotes(event.target.value)}
        />
        {problem !== '' && (
          <p className="jp-wm-Annotations-problem" role="alert">
            {problem}
          </p>
        )}
        <span className="jp-wm-Buttons">
          <Button
            label={trans.__('Save')}
            isPrimary
            disabled={isSaving}
            onClick={() => void save()}
          />
          <Button label={trans.__('Cancel')} onClick={onClose} />
        </span>
      </form>
    </Popover>
  );
}
