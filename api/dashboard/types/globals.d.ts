// Global types for the JSDoc comments of the dashboard. Documents of the API are taken from its OpenAPI schemas.

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

  /** The document of an error response. If the response is not JSON, the page fills in one. */
  type ProblemDocument = { status: number; title: string; detail?: string; code?: string; errors?: FieldError[] };
  type FieldError = { pointer: string; detail: string };

  /** A value of a JSON document. */
  type Json = any;
  type JsonSchema = { [keyword: string]: any };

  /** Series of a job by metric. `smooth` is set if the request asked for smoothing. */
  type Curves = Map<string, { raw?: Series; smooth?: Series }>;
  /** The LR at some steps of a schedule. */
  type LrPlan = { steps: number[]; lr: number[] };
  /** A range of steps in which the LR only rises, only falls or is constant. */
  type Phase = { name: "rise" | "fall" | "annihilation" | "level"; from: number; to: number };

  /** Input of Plotly: traces and a layout, as its reference describes them. */
  type Trace = { [property: string]: any };
  type Layout = { [property: string]: any };
  /** An element that Plotly has drawn into. `_fullLayout` is not public, but nothing else converts data to pixels. */
  type PlotElement = HTMLElement & { _fullLayout?: any; on?(event: string, listener: (change: any) => void): void };

  const Plotly: { react(place: HTMLElement, data: Trace[], layout: Layout, options: object): Promise<void> };

  /** A field of a form. Its value is read and written as JSON; it shows an error if the value is wrong. */
  type FormField = {
    element: HTMLElement;
    read(): Json;
    write(value: Json): void;
    /** The field at a JSON pointer, or the nearest field that contains it. */
    at(parts: string[]): { refuse(message: string): void };
    /** Remove the error messages. */
    calm(): void;
    /** Show and send an optional value that was left out. */
    want?(): void;
  };

  /** The data of a form in addition to the schema of its spec. */
  type FormPage = {
    schemas: FormSchemas;
    datasets: Dataset[];
    /** Names of the fields that are always visible. Others are under "More options". */
    first: Set<string>;
    /** Labels for names that a user would not understand. */
    words: Record<string, string>;
    /** Values that a field offers, by its name. */
    choices: Record<string, FormChoice[]>;
  };
  type FormChoice = { value: Json; label: string };
  /** One of the forms that a value may have. */
  type ValueForm = { value: string; label: string; schema: JsonSchema; named?: boolean };
}
