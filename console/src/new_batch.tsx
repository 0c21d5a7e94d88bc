import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ask, posting } from "./api";
import type { Batch } from "./types";
import { Dialog, FaultBox } from "./widgets";

const ENDPOINTS = ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings"];

/** A button, and the form behind it. */
export function NewBatch({ onBegun }: { onBegun: (batch: Batch) => void }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="primary end" onClick={() => setOpen(true)}>
        New batch
      </button>
      {isOpen && (
        <Form
          onClose={() => setOpen(false)}
          onBegun={(batch) => {
            setOpen(false);
            onBegun(batch);
          }}
        />
      )}
    </>
  );
}

function Form({ onClose, onBegun }: { onClose: () => void; onBegun: (batch: Batch) => void }): JSX.Element {
  const [file, setFile] = useState<File | null>(null);
  const [endpoint, setEndpoint] = useState(ENDPOINTS[0]!);
  const [isSending, setSending] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const begin = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!file) return;
    setSending(true);
    setFault(null);
    try {
      const form = new FormData();
      form.append("purpose", "batch");
      form.append("file", file);
      const kept = await ask<{ id: string }>("v1/files", { method: "POST", body: form });
      onBegun(await ask<Batch>("v1/batches", posting({ input_file_id: kept.id, endpoint, completion_window: "24h" })));
    } catch (refusal) {
      setFault(refusal);
      setSending(false);
    }
  };
  return (
    <Dialog title="New batch" onClose={onClose}>
      <form onSubmit={(event) => void begin(event)}>
        <label>
          <span>File of lines (JSON Lines)</span>
          <input type="file" accept=".jsonl,application/jsonl" required onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} />
        </label>
        <label>
          <span>Endpoint of its requests</span>
          <select value={endpoint} onChange={(event) => setEndpoint(event.currentTarget.value)}>
            {ENDPOINTS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <FaultBox fault={fault} />
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={!file || isSending}>
            {isSending ? "Sending …" : "Begin"}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
