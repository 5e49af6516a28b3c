/** A component of Angular with the service, compiled in the browser. */

import "@angular/compiler";
import { Component, inject, provideZonelessChangeDetection, signal } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { ChatterService } from "../../../examples/angular/chatter.service.ts";

@Component({
  selector: "app-root",
  template: `
    <output>{{ service.state() }}</output>
    <ul>
      @for (line of lines(); track line) { <li>{{ line }}</li> }
    </ul>
  `,
})
class Updates {
  readonly service = inject(ChatterService);
  readonly lines = signal<string[]>([]);

  constructor() {
    this.service.updates.subscribe(({ topic, body }) => this.lines.update((lines) => [...lines, `${topic}: ${(body as any).message}`]));
    this.service.start();
  }
}

export async function mount(target: HTMLElement) {
  target.append(document.createElement("app-root"));
  const app = await bootstrapApplication(Updates, { providers: [provideZonelessChangeDetection()] });
  return () => app.destroy();
}
