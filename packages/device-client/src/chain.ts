/** A place in a {@link Chain}. */
export interface Place<T> {
  value: T | undefined;
  previous: Place<T> | undefined;
  next: Place<T> | undefined;
}

/**
 * A list that many short-lived things enter and leave: both cost the same small time, whatever the length, and leave no
 * outgrown table behind, as a Set does.
 */
export class Chain<T> {
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  get empty(): boolean {
    return this.#first === undefined;
  }

  add(value: T): Place<T> {
    const place: Place<T> = { value, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
    return place;
  }

  /** Idempotent. */
  remove(place: Place<T>): void {
    if (place.value === undefined) return;
    const { previous, next } = place;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    place.value = place.previous = place.next = undefined;
  }

  /** Everything of now, oldest first; may be changed meanwhile. */
  values(): readonly T[] {
    const values: T[] = [];
    for (let place = this.#first; place !== undefined; place = place.next) {
      if (place.value !== undefined) values.push(place.value);
    }
    return values;
  }
}
