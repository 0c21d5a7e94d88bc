import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { keyOf } from "./api";
import { Batches } from "./batches";
import { KeyDialog } from "./key_dialog";
import { isTyping, Keys } from "./keys";
import { Playground } from "./playground";
import { RegistryPage } from "./registry";
import { Slots } from "./slots";
import { nextTheme, type Theme, themeOf, wear } from "./theme";
import { Icon } from "./widgets";

const TABS = [
  { id: "playground", label: "Playground", icon: "play" },
  { id: "slots", label: "Slots", icon: "slots" },
  { id: "batches", label: "Batches", icon: "batches" },
  { id: "registry", label: "Registry", icon: "registry" },
] as const;
type Tab = (typeof TABS)[number]["id"];

const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" } as const;

function tabOf(hash: string): Tab {
  const named = hash.slice(1).split("/")[0];
  return TABS.find((tab) => tab.id === named)?.id ?? "playground";
}

/** The whole page. */
export function App(): JSX.Element {
  const [tab, setTab] = useState<Tab>(tabOf(location.hash));
  const [theme, setTheme] = useState<Theme>(themeOf());
  const [open, setOpen] = useState<"key" | "keys" | null>(null);
  const [turn, setTurn] = useState(0);
  const go = (to: Tab): void => {
    history.replaceState(null, "", `#${to}`);
    setTab(to);
  };
  const dress = (): void => setTheme((worn) => wear(nextTheme(worn)));
  useEffect(() => {
    const moved = (): void => setTab(tabOf(location.hash));
    window.addEventListener("hashchange", moved);
    return () => window.removeEventListener("hashchange", moved);
  }, []);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || open) return;
      const tabAt = TABS[Number(event.key) - 1];
      if (tabAt) go(tabAt.id);
      else if (event.key === "/") {
        go("playground");
        requestAnimationFrame(() => document.getElementById("prompt")?.focus());
      } else if (event.key === "?") setOpen("keys");
      else if (event.key === "k") setOpen("key");
      else if (event.key === "t") dress();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [open]);
  const shared = { onKey: () => setOpen("key"), turn };
  return (
    <>
      <header class="top">
        <h1>
          <img src="icon.svg" alt="" width="22" height="22" />
          <span>Orchestrator</span>
        </h1>
        <TabList tab={tab} go={go} />
        <div class="tools">
          <button type="button" class={keyOf() ? "has-key" : ""} onClick={() => setOpen("key")}>
            <Icon name="key" />
            <span>{keyOf() ? "Key set" : "No key"}</span>
          </button>
          <button type="button" class="quiet" onClick={dress} aria-label={`Theme: ${theme}. Change it`} title={`Theme: ${theme}`}>
            <Icon name={THEME_ICONS[theme]} />
          </button>
          <button type="button" class="quiet wide-only" onClick={() => setOpen("keys")} aria-label="Keyboard" title="Keyboard (?)">
            <Icon name="help" />
          </button>
        </div>
      </header>
      <main id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`} class={tab}>
        {tab === "playground" && <Playground {...shared} />}
        {tab === "slots" && <Slots {...shared} />}
        {tab === "batches" && <Batches {...shared} />}
        {tab === "registry" && <RegistryPage {...shared} />}
      </main>
      {open === "keys" && <Keys onClose={() => setOpen(null)} />}
      {open === "key" && (
        <KeyDialog
          onClose={() => setOpen(null)}
          onKept={() => {
            setOpen(null);
            setTurn((number) => number + 1);
          }}
        />
      )}
    </>
  );
}

function TabList({ tab, go }: { tab: Tab; go: (to: Tab) => void }): JSX.Element {
  const moved = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = (TABS.findIndex((one) => one.id === tab) + step + TABS.length) % TABS.length;
    go(TABS[at]!.id);
    document.getElementById(`tab-${TABS[at]!.id}`)?.focus();
  };
  return (
    <nav aria-label="Console">
      <div role="tablist" aria-label="Console" onKeyDown={moved}>
        {TABS.map(({ id, label, icon }, place) => (
          <button
            key={id}
            id={`tab-${id}`}
            type="button"
            role="tab"
            aria-selected={id === tab}
            aria-controls="panel"
            tabIndex={id === tab ? 0 : -1}
            title={`${label} (${place + 1})`}
            onClick={() => go(id)}
          >
            <Icon name={icon} />
            <span>{label}</span>
          </button>
        ))}
      </div>
    </nav>
  );
}
