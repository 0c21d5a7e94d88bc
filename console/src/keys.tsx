import type { JSX } from "preact";
import { Dialog } from "./widgets";

const KEYS: [string[], string][] = [
  [["1", "2", "3", "4"], "Playground, slots, batches, registry"],
  [["/"], "Write a prompt"],
  [["Ctrl", "Enter"], "Send the prompt; check the registry"],
  [["Esc"], "Stop the answer; close a dialog"],
  [["k"], "Enter a key"],
  [["t"], "Another theme"],
  [["?"], "This list"],
];

/** Whether a key press is text that somebody writes. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** What the keyboard does. */
export function Keys({ onClose }: { onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
