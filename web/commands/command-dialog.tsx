import { useState } from 'preact/hooks';
import { Modal } from '../page/modal.tsx';
import type { Dashboard } from '../portfolio/dashboard.ts';
import type { Session, Signed } from '../account/session.ts';
import { text } from '../text/text.ts';
import { commandsOf, found } from './commands.ts';

interface Props {
  dashboard: Dashboard;
  session: Session;
  user: Signed;
  onClose: () => void;
}

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

/** A searchable list of everything that can be done or seen. */
export function CommandDialog({ dashboard, session, user, onClose }: Props) {
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const shown = found(
    commandsOf(dashboard, user, () => void session.signOut()),
    typed,
  );
  const chosen = shown[Math.min(at, shown.length - 1)];
  const run = (command: (typeof shown)[number] | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  return (
    <Modal id="commands" title={text('commands')} onClose={onClose}>
      <input
        id="command"
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        aria-label={text('commands.find')}
        aria-expanded="true"
        aria-controls="command-list"
        aria-activedescendant={chosen === undefined ? undefined : `command-${chosen.id}`}
        placeholder={text('commands.find')}
        value={typed}
        onInput={({ currentTarget: { value } }) => {
          setTyped(value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          // A key that completes a syllable of Hangul must not choose anything.
          if (event.isComposing) return;
          const step = STEPS[event.key];
          if (event.key === 'Enter') {
            // Otherwise the same key would press the button that the focus returns to.
            event.preventDefault();
            run(chosen);
          }
          if (step === undefined || shown.length === 0) return;
          event.preventDefault();
          setAt((before) => (Math.min(before, shown.length - 1) + step + shown.length) % shown.length);
        }}
      />
      <ul id="command-list" role="listbox" aria-label={text('commands')}>
        {shown.map((command) => (
          <li
            key={command.id}
            id={`command-${command.id}`}
            role="option"
            aria-selected={command === chosen}
            onClick={() => run(command)}
          >
            {command.label}
            {command.words !== undefined && <span class="aside"> {command.words}</span>}
          </li>
        ))}
      </ul>
      <p class="aside" role="status">
        {shown.length === 0 ? text('commands.none') : ''}
      </p>
    </Modal>
  );
}
