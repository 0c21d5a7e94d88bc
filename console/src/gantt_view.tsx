import type { JSX } from "preact";
import { duration } from "./format";
import { type Drawn, type Picture, pictured } from "./gantt";
import type { Bar, Timeline } from "./types";

const WIDTH = 1000;
const ROW = 16;
const GAP = 10;

/** A timeline as a picture, and as a table for whoever cannot see it. */
export function Gantt({ timeline }: { timeline: Timeline }): JSX.Element | null {
  const picture = pictured(timeline);
  if (!picture.lanes.length) return null;
  return (
    <figure class="gantt">
      <figcaption>
        <strong>Plan</strong>
        <span class="muted">{summed(timeline)}</span>
        <ul class="legend">
          {picture.experts.slice(0, 12).map((one) => (
            <li key={one.name}>
              <i class={`swatch c${one.colour}`} aria-hidden="true" />
              {one.name}
            </li>
          ))}
          {picture.experts.length > 12 && <li class="muted">and {picture.experts.length - 12} more</li>}
        </ul>
      </figcaption>
      <div class="lanes">
        {picture.lanes.map((lane) => (
          <div class="lane" key={lane.slot}>
            <span class="lane-name">{lane.slot}</span>
            <Rows picture={picture} predicted={lane.predicted} happened={lane.happened} boundS={timeline.lower_bound_s} />
          </div>
        ))}
        <div class="lane axis" aria-hidden="true">
          <span class="lane-name" />
          <div>
            {picture.ticks.map((tick) => (
              <span key={tick.seconds} style={{ left: `${tick.at * 100}%` }}>
                {duration(tick.seconds)}
              </span>
            ))}
          </div>
        </div>
      </div>
      <details>
        <summary>As a table</summary>
        <Table timeline={timeline} />
      </details>
    </figure>
  );
}

function Rows(props: { picture: Picture; predicted: Drawn[]; happened: Drawn[]; boundS: number | null }): JSX.Element {
  const { picture, predicted, happened, boundS } = props;
  const height = 2 * ROW + GAP;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {picture.ticks.map((tick) => (
        <line key={tick.seconds} class="tick" x1={tick.at * WIDTH} x2={tick.at * WIDTH} y1={0} y2={height} />
      ))}
      {predicted.map((one, place) => (
        <Run key={place} drawn={one} y={2} kind="predicted" />
      ))}
      {happened.map((one, place) => (
        <Run key={place} drawn={one} y={ROW + GAP - 2} kind="happened" />
      ))}
      {boundS !== null && <line class="bound" x1={(boundS / picture.endS) * WIDTH} x2={(boundS / picture.endS) * WIDTH} y1={0} y2={height} />}
    </svg>
  );
}

function Run({ drawn, y, kind }: { drawn: Drawn; y: number; kind: string }): JSX.Element {
  const { bar } = drawn;
  const width = Math.max(1.5, drawn.width * WIDTH - 1);
  return (
    <g class={`run ${kind} c${drawn.colour}`}>
      <title>{`${bar.expert}: ${bar.num_calls} calls, ${duration(bar.begins_s)} to ${duration(bar.ends_s)}${bar.step ? `, ${bar.step} first` : ""} (${kind})`}</title>
      <rect x={drawn.left * WIDTH} y={y} width={width} height={ROW} rx="2" />
      {drawn.stepWidth > 0 && <rect class="swap" x={drawn.left * WIDTH} y={y} width={Math.min(width, drawn.stepWidth * WIDTH)} height={ROW} />}
    </g>
  );
}

function summed({ predicted, happened, lower_bound_s }: Timeline): string {
  const end = (bars: Bar[]): string => duration(Math.max(...bars.map((bar) => bar.ends_s)));
  const swaps = (bars: Bar[]): number => bars.filter((bar) => bar.step !== null).length;
  const told = [];
  if (predicted.length) told.push(`above, predicted: ${predicted.length} runs, ${swaps(predicted)} swaps, ${end(predicted)}`);
  if (happened.length) told.push(`below, happened: ${happened.length} runs, ${swaps(happened)} swaps, ${end(happened)}`);
  if (lower_bound_s !== null) told.push(`no plan could end before ${duration(lower_bound_s)}`);
  return told.join(" · ");
}

function Table({ timeline }: { timeline: Timeline }): JSX.Element {
  const rows = [
    ...timeline.predicted.map((bar) => ({ bar, kind: "predicted" })),
    ...timeline.happened.map((bar) => ({ bar, kind: "happened" })),
  ];
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Runs">
      <table>
        <thead>
          <tr>
            {["", "Slot", "Expert", "Calls", "From", "To", "Step"].map((name) => (
              <th scope="col" key={name}>{name || <span class="unseen">Kind</span>}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, 500).map(({ bar, kind }, place) => (
            <tr key={place}>
              <td>{kind}</td>
              <td>{bar.slot}</td>
              <td>{bar.expert}</td>
              <td>{bar.num_calls}</td>
              <td>{duration(bar.begins_s)}</td>
              <td>{duration(bar.ends_s)}</td>
              <td>{bar.step ?? "none"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > 500 && <p class="muted">and {rows.length - 500} more: orchestrator batch timeline</p>}
    </div>
  );
}
