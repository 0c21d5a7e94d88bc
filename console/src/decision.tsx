import type { JSX } from "preact";
import type { Answer } from "./conversation";
import { counted, duration } from "./format";
import type { RouteDecision } from "./types";
import { Badge, Empty } from "./widgets";

/** Scores that are shown before the rest is folded. */
const NUM_SCORES = 6;

/** Who answers and why, and what came of it. */
export function Decision({ route, answer }: { route: RouteDecision | null; answer: Answer | null }): JSX.Element {
  if (!route && !answer) {
    return (
      <Empty title="The decision">
        <p>Scores, reasons and what was left out appear here with the first prompt.</p>
      </Empty>
    );
  }
  return (
    <>
      {route && <Route route={route} />}
      {answer && <Facts answer={answer} />}
    </>
  );
}

function Route({ route }: { route: RouteDecision }): JSX.Element {
  const scores = Object.entries(route.scores).sort(([, a], [, b]) => b - a);
  const excluded = Object.entries(route.excluded);
  return (
    <section class="card" aria-labelledby="route-title">
      <header>
        <h2 id="route-title">Route</h2>
        {route.is_fallback && <Badge tone="warn">Unsure: fallback</Badge>}
        {route.answer !== null && <Badge tone="info">Known answer</Badge>}
      </header>
      <p class="chosen">
        {route.chosen[0]}
        {route.category && <span class="muted"> for {route.category}</span>}
        {!route.category && route.skills.length > 0 && <span class="muted"> for {route.skills.join(", ")}</span>}
      </p>
      <ul class="reasons">
        {route.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      {scores.length > 0 && (
        <ol class="scores" aria-label="Scores">
          {scores.slice(0, NUM_SCORES).map(([expert, score]) => (
            <li key={expert} class={expert === route.chosen[0] ? "first" : ""}>
              <span>{expert}</span>
              <i aria-hidden="true">
                <b style={{ width: `${Math.max(0, Math.min(1, score)) * 100}%` }} />
              </i>
              <output>{score.toFixed(2)}</output>
            </li>
          ))}
        </ol>
      )}
      {scores.length > NUM_SCORES && <p class="muted">and {counted(scores.length - NUM_SCORES, "more expert")} below</p>}
      <dl class="facts">
        {route.router && <Fact name="Router" value={`${route.router}@${route.router_version ?? ""}`} />}
        {route.entropy !== null && <Fact name="Uncertainty" value={route.entropy.toFixed(2)} />}
        {route.team.length > 0 && <Fact name="Team" value={route.team.join(", ")} />}
        {route.fallbacks.length > 0 && <Fact name="If it fails" value={route.fallbacks.slice(0, 4).join(", ")} />}
        {route.expected?.latency_s != null && <Fact name="Expected" value={duration(route.expected.latency_s)} />}
        <Fact name="Decided in" value={`${route.routing_ms.toFixed(2)} ms`} />
      </dl>
      {excluded.length > 0 && (
        <details>
          <summary>{counted(excluded.length, "expert")} left out</summary>
          <dl class="facts">
            {excluded.map(([expert, why]) => (
              <Fact key={expert} name={expert} value={why} />
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}

function Facts({ answer }: { answer: Answer }): JSX.Element | null {
  const { head, usage, details } = answer;
  if (!head["request-id"]) return null;
  const seconds = (answer.tookMs - (answer.firstMs ?? 0)) / 1000;
  const speed = usage && seconds > 0.001 && answer.isDone ? usage.completion_tokens / seconds : null;
  const failed = Object.entries(details?.failed ?? {}).map(([expert, code]) => `${expert} (${code})`);
  return (
    <section class="card" aria-labelledby="answer-title">
      <header>
        <h2 id="answer-title">Answer</h2>
        {head.recalled && <Badge tone="info">Recalled</Badge>}
        {head.cache?.startsWith("hit") && <Badge tone="info">Told again</Badge>}
      </header>
      <dl class="facts">
        <Fact name="Expert" value={details?.expert ?? head.expert ?? "none"} />
        {answer.firstMs !== null && <Fact name="First words" value={`${answer.firstMs.toFixed(0)} ms`} />}
        {answer.isDone && <Fact name="In all" value={duration(answer.tookMs / 1000)} />}
        {usage && <Fact name="Tokens" value={`${usage.prompt_tokens} read, ${usage.completion_tokens} written`} />}
        {speed !== null && speed < 1e5 && <Fact name="Speed" value={`${speed.toFixed(0)} tokens/s`} />}
        {head["overhead-ms"] && <Fact name="Own overhead" value={`${Number(head["overhead-ms"]).toFixed(1)} ms`} />}
        {head["waited-s"] && <Fact name="Waited" value={duration(Number(head["waited-s"]))} />}
        {head.generation && <Fact name="Generation" value={head.generation} />}
        {failed.length > 0 && <Fact name="Failed" value={failed.join(", ")} />}
        <Fact name="Request" value={head["request-id"]} />
      </dl>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
