// Types that the dashboard's modules name in JSDoc. Documents of the API come from its OpenAPI schemas.

import type { Schemas as FormSchemas } from "../static/forms/schema";
import type { components } from "./openapi";

type Schemas = components["schemas"];

declare global {
  type ArmResult = Schemas["ArmResult"];
  type Attempt = Schemas["AttemptDocument"];
  type Bounds = Schemas["Bounds"];
  type Checkpoint = Schemas["CheckpointDocument"];
  type Comparison = Schemas["Comparison"];
  type Conditions = Schemas["Conditions"];
  type Confidence = Schemas["Confidence"];
  type Dataset = Schemas["DatasetDocument"];
  type JobEvent = Schemas["EventDocument"];
  type Key = Schemas["KeyDocument"];
  type LogLine = Schemas["LogLineDocument"];
  type RunningJob = Schemas["RunningJob"];
  type Scaling = Schemas["SizeScaling"];
  type Series = Schemas["Series"];
  type Session = Schemas["SessionDocument"];
  type Spread = Schemas["Spread"];
  type SchedulePoints = Schemas["SchedulePreview"];
  type SweepCell = Schemas["SweepCell"];
  type SweepTable = Schemas["SweepTable"];
  type Validation = Schemas["ValidationDocument"];
  type WorkerDocument = Schemas["WorkerDocument"];

  /** A job. Its spec and its result depend on its kind; the schema leaves them open. */
  type Job = Omit<Schemas["JobDocument"], "spec" | "resolved" | "result" | "alarms"> & {
    spec: any;
    resolved: { max_lr?: number | null; base_lr?: number | null; div_factor?: number | null; steps_per_epoch?: number };
    result: any;
    alarms: { code: string; step: number; message: string; advice: string }[];
  };

  type LrBounds = Omit<Schemas["LrBoundsDocument"], "evidence"> & {
    evidence: { points: number; lr_range: [number, number]; loss_min: { loss: number; lr: number } | null; diverged_at: number | null };
  };

  /** What an error response says, or the page if the response is not JSON. */
  type ProblemDocument = { status: number; title: string; detail?: string; code?: string; errors?: FieldError[] };
  type FieldError = { pointer: string; detail: string };

  /** A value of a JSON document. */
  type Json = any;
  type JsonSchema = { [keyword: string]: any };

  /** Series of a job by metric. `smooth` is there if smoothing was asked for. */
  type Curves = Map<string, { raw?: Series; smooth?: Series }>;
  /** The LR at some steps of a schedule. */
  type LrPlan = { steps: number[]; lr: number[] };
  /** Steps between which the LR goes one way. */
  type Phase = { name: "rise" | "fall" | "annihilation" | "level"; from: number; to: number };

  /** What Plotly draws: traces and a layout, as its reference describes them. */
  type Trace = { [property: string]: any };
  type Layout = { [property: string]: any };
  /** An element that Plotly has drawn into. `_fullLayout` is not public, but it is the only way from data to pixels. */
  type PlotElement = HTMLElement & { _fullLayout?: any; on?(event: string, listener: (change: any) => void): void };

  const Plotly: { react(place: HTMLElement, data: Trace[], layout: Layout, options: object): Promise<void> };

  /** A field of a form: it is written and read as JSON, and shows what is wrong with its value. */
  type FormField = {
    element: HTMLElement;
    read(): Json;
    write(value: Json): void;
    /** The field that the parts of a JSON pointer lead to, as far as they lead. */
    at(parts: string[]): { refuse(message: string): void };
    calm(): void;
    /** Ask for a value that may be left out. */
    want?(): void;
  };

  /** What a form knows beside the schema of its spec. */
  type FormPage = {
    schemas: FormSchemas;
    datasets: Dataset[];
    /** Names of fields that are shown at once. Others are under "More options". */
    first: Set<string>;
    /** Texts for names that a user would not understand. */
    words: Record<string, string>;
    /** Values to choose from, by the name of a field. */
    choices: Record<string, FormChoice[]>;
  };
  type FormChoice = { value: Json; label: string };
  /** One of the forms that a value may have. */
  type ValueForm = { value: string; label: string; schema: JsonSchema; named?: boolean };
}
