/** What the readers of channels should know although no event tells of it, such as a source that has gone silent. */
export interface Trouble {
  /** What it is about. Its beginning and its end are told once each. */
  topic: string;
  channels: readonly string[];
  /** The data of the notice, beside the channels. */
  notice: object;
}

export interface TroubleSource {
  /** The troubles of these channels now. */
  of(channels: readonly string[]): readonly Trouble[];
  /** The data of the notice that one is over. */
  over(topic: string): object;
}

/** The troubles that one connection was told of. */
export class ToldTroubles {
  /** By topic, the channels; `null` while there is none, which is most of the time. */
  #told: Map<string, ReadonlySet<string>> | null = null;

  /**
   * What has to be told to be up to date. It counts as told.
   * @param channels that are live
   */
  due(source: TroubleSource, channels: readonly string[]): object[] {
    const now = source.of(channels);
    if (now.length === 0 && this.#told === null) return [];
    const told = (this.#told ??= new Map());
    const due: object[] = [];
    const live = new Set(channels);
    for (const topic of new Set([...told.keys(), ...now.map((trouble) => trouble.topic)])) {
      const before = told.get(topic) ?? new Set();
      const trouble = now.find((each) => each.topic === topic);
      const begun = trouble?.channels.filter((channel) => !before.has(channel)) ?? [];
      const over = [...before].filter((name) => live.has(name) && trouble?.channels.includes(name) !== true);
      if (trouble !== undefined && begun.length > 0) due.push({ ...trouble.notice, channels: begun });
      if (over.length > 0) due.push({ ...source.over(topic), channels: over });
      const left = new Set([...before, ...begun].filter((name) => !over.includes(name)));
      if (left.size > 0) told.set(topic, left);
      else told.delete(topic);
    }
    if (told.size === 0) this.#told = null;
    return due;
  }

  /** Only these channels are left. */
  keep(channels: ReadonlySet<string>): void {
    for (const [topic, told] of this.#told ?? []) {
      this.#told?.set(topic, new Set([...told].filter((name) => channels.has(name))));
    }
  }
}
