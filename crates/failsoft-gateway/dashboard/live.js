// What goes on, as it comes. The last snapshot stays, with word of how old it is.

const LATE_MS = 4000;

export class Live extends EventTarget {
  snapshot = null;
  /** `connecting`, `live`, `reconnecting` or `stale`. */
  state = "connecting";
  heard = 0;
  #wanted = false;
  #source = null;
  #watch = null;

  constructor() {
    super();
    // A browser has six connections to a host for all its pages: those nobody sees give theirs back.
    document.addEventListener("visibilitychange", () => (this.#wanted && !document.hidden ? this.start() : this.#rest()));
  }

  start() {
    this.#rest();
    this.#wanted = true;
    this.heard = 0;
    if (document.hidden) return;
    this.#open();
    this.#watch = setInterval(() => this.#look(), 1000);
  }

  stop() {
    this.#wanted = false;
    this.#rest();
  }

  #rest() {
    this.#source?.close();
    clearInterval(this.#watch);
    this.#source = null;
    this.#turn("connecting");
  }

  #open() {
    this.#source?.close();
    this.#source = new EventSource("/api/live");
    this.#source.addEventListener("now", ({ data }) => {
      this.snapshot = JSON.parse(data);
      this.heard = Date.now();
      this.#turn("live");
      this.dispatchEvent(new Event("now"));
    });
    this.#source.addEventListener("error", () => {
      if (this.state === "live") this.#turn("reconnecting");
      this.dispatchEvent(new Event("lost"));
    });
  }

  #look() {
    if (this.heard && Date.now() - this.heard > LATE_MS) this.#turn("stale");
    // A browser gives up on some answers for good; we do not.
    if (this.#source?.readyState === EventSource.CLOSED) this.#open();
  }

  #turn(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
