// The text of one manifest file, and where in it something stands: lines, columns, errors with a caret.

/** A manifest that ninja would reject. `message` holds the sentence alone; `toString()` prints it like ninja. */
export class NinjaSyntaxError extends Error {
  readonly code = "E_NINJA_SYNTAX";
  override readonly name = "NinjaSyntaxError";
  /** Absolute path of the file. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in bytes of UTF-8. */
  readonly column: number;
  /** The line at fault, and below it a caret at the column. */
  readonly excerpt: string;

  constructor(message: string, place: Place) {
    super(message);
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
    this.excerpt = place.excerpt;
  }

  override toString(): string {
    return `${this.file}:${this.line}:${this.column}: ${this.message}\n${this.excerpt}`;
  }
}

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly excerpt: string;
}

/** An excerpt shows at most this many characters of a line, as in ninja. */
const excerptWidth = 72;

export class Source {
  readonly file: string;
  readonly text: string;
  private lineStarts: number[] | undefined;

  /** A NUL ends the file, as it does in ninja. */
  constructor(file: string, text: string) {
    const end = text.indexOf("\0");
    this.file = file;
    this.text = end < 0 ? text : text.slice(0, end);
  }

  /** 1-based line of an offset. The lines are counted once, at the first question. */
  lineAt(offset: number): number {
    this.lineStarts ??= startsOfLines(this.text);
    let low = 0;
    let high = this.lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  placeAt(offset: number): Place {
    const start = this.text.lastIndexOf("\n", offset - 1) + 1;
    const newline = this.text.indexOf("\n", start);
    const line = this.text.slice(start, newline < 0 ? undefined : newline).replace(/\r$/, "");
    const column = Math.min(offset - start, line.length);
    return {
      file: this.file,
      line: this.lineAt(start),
      column: Buffer.byteLength(this.text.slice(start, offset)) + 1,
      excerpt: excerpt(line, column),
    };
  }
}

function startsOfLines(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) starts.push(end + 1);
  return starts;
}

/** Tabs become one space, so that the caret stands where the eye expects it. */
function excerpt(line: string, column: number): string {
  const from = column < excerptWidth ? 0 : column - (excerptWidth >>> 1);
  const head = from > 0 ? "..." : "";
  const tail = line.length > from + excerptWidth ? "..." : "";
  const shown = line.slice(from, from + excerptWidth).replaceAll("\t", " ");
  return `${head}${shown}${tail}\n${" ".repeat(head.length + column - from)}^ near here`;
}
