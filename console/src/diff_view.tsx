import type { JSX } from "preact";
import { compared, hunks } from "./diff";
import type { RegistryDiff, SectionDiff } from "./types";
import { Badge } from "./widgets";

const SECTIONS = ["experts", "routers", "compositions", "slots"] as const;

/** What an edit changes: for the service by entries, and for its author by lines. */
export function DiffView({ old, now, diff }: { old: string; now: string; diff: RegistryDiff }): JSX.Element {
  const found = hunks(compared(old, now));
  return (
    <>
      <ul class="entries">
        {SECTIONS.map((section) => (
          <Section key={section} name={section} diff={diff[section]} />
        ))}
        {diff.defaults.map((one) => (
          <li key={one.key}>
            <b class="sign">~</b> defaults <Change name={one.key} old={one.old} now={one.new} />
          </li>
        ))}
      </ul>
      {found.length > 0 && (
        <div class="diff scroll" role="region" aria-label="Changed lines" tabIndex={0}>
          {found.map((hunk, place) => (
            <div class="hunk" key={place}>
              {hunk.map((line, at) => (
                <div key={at} class={line.sign === "+" ? "added" : line.sign === "-" ? "removed" : "same"}>
                  <span class="number" aria-hidden="true">{line.now ?? line.old}</span>
                  <b class="sign" aria-label={line.sign === "+" ? "added" : line.sign === "-" ? "removed" : "unchanged"} role="img">
                    {line.sign}
                  </b>
                  <code>{line.text}</code>
                </div>
              ))}
            </div>
          ))}
        </div>
      )}
    </>
  );
}

function Section({ name, diff }: { name: string; diff: SectionDiff }): JSX.Element {
  const one = name.replace(/s$/, "");
  return (
    <>
      {diff.added.map((entry) => (
        <li key={`+${entry}`} class="added">
          <b class="sign">+</b> {one} <strong>{entry}</strong>
        </li>
      ))}
      {diff.removed.map((entry) => (
        <li key={`-${entry}`} class="removed">
          <b class="sign">-</b> {one} <strong>{entry}</strong>
        </li>
      ))}
      {diff.changed.map((entry) => (
        <li key={entry.name}>
          <b class="sign">~</b> {one} <strong>{entry.name}</strong> {entry.is_redefined && <Badge tone="warn">hosted anew</Badge>}
          {entry.keys.map((key) => (
            <Change key={key.key} name={key.key} old={key.old} now={key.new} />
          ))}
        </li>
      ))}
      {diff.is_reordered && (
        <li>
          <b class="sign">~</b> {name} stand in another order
        </li>
      )}
    </>
  );
}

function Change({ name, old, now }: { name: string; old: unknown; now: unknown }): JSX.Element {
  return (
    <span class="change">
      <code>{name}</code> {said(old)} <span class="muted">becomes</span> {said(now)}
    </span>
  );
}

function said(value: unknown): string {
  return value === null || value === undefined ? "none" : typeof value === "string" ? value : JSON.stringify(value);
}
