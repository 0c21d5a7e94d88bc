/** What the endpoint says, as far as it is shown; docs/api.md has the whole. */

export interface Model {
  id: string;
  kind: "expert" | "composition";
  task: "generate" | "embed";
  skills: string[];
}

export interface RouteDecision {
  chosen: string[];
  scores: Record<string, number>;
  category: string | null;
  skills: string[];
  entropy: number | null;
  is_fallback: boolean;
  answer: string | null;
  reasons: string[];
  excluded: Record<string, string>;
  team: string[];
  fallbacks: string[];
  expected: Record<string, number | null> | null;
  composition: string | null;
  router: string | null;
  router_version: string | null;
  generation: number;
  routing_ms: number;
}

export interface StageTold {
  stage: string;
  path: string[];
  state: "started" | "running" | "done";
  num_done: number;
  num_calls: number;
  models: string[];
  expected_s: number | null;
  took_s: number;
}

export interface CallDetail {
  expert: string;
  answered_by: string | null;
  ending: string;
  completion_tokens: number;
  took_ms: number;
  stages: StageDetail[];
}

export interface StageDetail {
  name: string;
  took_ms: number;
  calls: CallDetail[];
}

export interface Details {
  expert: string | null;
  reasons: string[];
  failed: Record<string, string>;
  reached: string[];
  stages: StageDetail[];
  by_expert: Record<string, { calls: number; completion_tokens: number }>;
}

export interface ExpertRef {
  id: string;
  version: string;
  is_live: boolean;
}

export interface EngineRow {
  id: string;
  lineage: string;
  state: string;
  detail: string;
  rung: string | null;
  num_experts: number;
  residents: ExpertRef[];
  pinned: ExpertRef[];
  in_flight: { expert: ExpertRef; num_calls: number }[];
  step: { kind: string; expert: ExpertRef | null; for_s: number } | null;
  draining_for: ExpertRef | null;
  last_step_s: number | null;
  down: string | null;
}

export interface Memory {
  taken_gib: number;
  room_gib: number | null;
}

export interface SlotRow {
  name: string;
  state: "starting" | "ready" | "failed" | "silent";
  detail: string;
  age_s: number | null;
  action: string;
  why: string;
  engines: EngineRow[];
  queues: { expert: ExpertRef; num_calls: number; oldest_s: number; expected_s: number | null }[];
  broken: { expert: ExpertRef; why: string }[];
  device: Memory | null;
  host: Memory | null;
  num_admitted: number;
  num_hits: number;
  hit_rate: number | null;
  num_steps: Record<string, number>;
}

export interface ExpertRow {
  expert: ExpertRef;
  slots: string[];
  homes: string[];
}

export interface Residency {
  generation: number;
  slots: SlotRow[];
  experts: ExpertRow[];
}

export interface Batch {
  id: string;
  endpoint: string;
  status: string;
  errors: { data: { message: string; line: number | null; param: string | null }[] } | null;
  output_file_id: string | null;
  error_file_id: string | null;
  created_at: number;
  expires_at: number;
  request_counts: { total: number; completed: number; failed: number };
  metadata: Record<string, string> | null;
}

export interface Progress {
  status: string;
  request_counts: Batch["request_counts"];
  run: {
    num_tokens: number;
    tokens_per_s: number;
    swaps_so_far: number;
    swaps_expected: number;
    left_s: number | null;
    current: { slot: string; expert: string; num_calls: number; num_done: number }[];
  } | null;
  obstacle: string | null;
}

export interface Bar {
  slot: string;
  expert: string;
  stage: number;
  num_calls: number;
  begins_s: number;
  step: string | null;
  step_s: number;
  ends_s: number;
}

export interface Timeline {
  id: string;
  predicted: Bar[];
  happened: Bar[];
  lower_bound_s: number | null;
}

export interface Fault {
  line: number | null;
  column: number | null;
  key: string;
  text: string;
}

export interface SectionDiff {
  added: string[];
  removed: string[];
  changed: { name: string; keys: { key: string; old: unknown; new: unknown }[]; is_redefined: boolean }[];
  is_reordered: boolean;
}

export interface RegistryDiff {
  experts: SectionDiff;
  routers: SectionDiff;
  compositions: SectionDiff;
  slots: SectionDiff;
  defaults: { key: string; old: unknown; new: unknown }[];
}

export interface Applied {
  outcome: "live" | "preparing" | "unchanged" | "valid";
  generation: number | null;
  diff: RegistryDiff;
  warnings: Fault[];
  file_differs: boolean;
}

export interface Generation {
  number: number;
  source: string;
  created_s: number;
  num_experts: number;
  restores: number | null;
  is_live: boolean;
}

export interface RegistryState {
  generation: number;
  num_experts: number;
  num_compositions: number;
  num_routers: number;
  num_slots: number;
  rollout: {
    preparing: { number: number; since_s: number; waiting_for: Record<string, string> } | null;
    last_error: { source: string; message: string; at_s: number } | null;
    file: { path: string; differs: boolean; trouble: string | null } | null;
  } | null;
}
