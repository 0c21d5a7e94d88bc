import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ask, keep, keyOf } from "./api";
import { Dialog, FaultBox } from "./widgets";

/** Where a key is entered; it is tried before it is kept. */
export function KeyDialog({ onClose, onKept }: { onClose: () => void; onKept: () => void }): JSX.Element {
  const [key, setKey] = useState(keyOf());
  const [fault, setFault] = useState<unknown>(null);
  const tryIt = async (event: Event): Promise<void> => {
    event.preventDefault();
    const before = keyOf();
    keep(key);
    try {
      await ask("v1/models");
      onKept();
    } catch (refusal) {
      keep(before);
      setFault(refusal);
    }
  };
  return (
    <Dialog title="Key" onClose={onClose}>
      <form onSubmit={(event) => void tryIt(event)}>
        <p class="muted">
          It is sent with every request of this tab and forgotten when the tab is closed. Slots and the registry need an
          admin key; a service on this machine that asks for no keys needs none.
        </p>
        <label>
          <span>Key</span>
          <input
            type="password"
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
            autocomplete="off"
            spellcheck={false}
            placeholder="sk-orc-…"
          />
        </label>
        <FaultBox fault={fault} />
        <footer>
          <button
            type="button"
            onClick={() => {
              keep("");
              onKept();
            }}
          >
            Use none
          </button>
          <button type="submit" class="primary">
            Use this key
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
