import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Fault } from "./types";
import { pieces } from "./yaml";

/** Longer texts are edited without colours. */
const MAX_COLOURED = 200_000;

interface Props {
  text: string;
  faults: Fault[];
  warnings: Fault[];
  /** The line to show, and a number that changes whenever it is to be shown. */
  shown: { line: number; turn: number } | null;
  onInput: (text: string) => void;
  onCheck: () => void;
}

/** The registry's text with numbers of lines, colours, and marks where faults are. */
export function Editor(props: Props): JSX.Element {
  const area = useRef<HTMLTextAreaElement>(null);
  const under = useRef<HTMLDivElement>(null);
  const lines = props.text.split("\n");
  useEffect(() => {
    const own = area.current;
    if (!own || !props.shown) return;
    const begin = props.text.split("\n").slice(0, props.shown.line - 1).join("\n").length + (props.shown.line > 1 ? 1 : 0);
    own.focus();
    own.setSelectionRange(begin, begin + (lines[props.shown.line - 1]?.length ?? 0));
    own.scrollTop = (props.shown.line - 5) * parseFloat(getComputedStyle(own).lineHeight);
  }, [props.shown?.turn]);
  const scrolled = (): void => {
    if (!under.current || !area.current) return;
    under.current.scrollTop = area.current.scrollTop;
    under.current.scrollLeft = area.current.scrollLeft;
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      props.onCheck();
    }
  };
  return (
    <div class="editor">
      <div class="under" ref={under} aria-hidden="true">
        {lines.map((line, place) => (
          <Line key={place} number={place + 1} text={line} props={props} isColoured={props.text.length < MAX_COLOURED} />
        ))}
      </div>
      <textarea
        ref={area}
        aria-label="Registry, YAML"
        aria-invalid={props.faults.length > 0}
        aria-describedby={props.faults.length ? "faults" : undefined}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        wrap="off"
        value={props.text}
        onInput={(event) => props.onInput(event.currentTarget.value)}
        onScroll={scrolled}
        onKeyDown={pressed}
      />
    </div>
  );
}

function Line({ number, text, props, isColoured }: { number: number; text: string; props: Props; isColoured: boolean }): JSX.Element {
  const isFaulty = props.faults.some((one) => one.line === number);
  const isWarned = !isFaulty && props.warnings.some((one) => one.line === number);
  return (
    <div class={isFaulty ? "line faulty" : isWarned ? "line warned" : "line"}>
      <span class="number">{number}</span>
      <code>{isColoured ? pieces(text).map((one, at) => (one.kind ? <span key={at} class={one.kind}>{one.text}</span> : one.text)) : text}</code>
    </div>
  );
}
