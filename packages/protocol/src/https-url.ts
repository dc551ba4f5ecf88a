/**
 * The one definition of an update URL, small enough that C enforces exactly the same language:
 *
 *     url    = "https://" host [ ":" port ] [ ( "/" | "?" ) *char ]      the scheme in any case
 *     host   = 1*253( ALPHA / DIGIT / "." / "-" ) | "[" 2*45( HEXDIG / ":" / "." ) "]"
 *     port   = 1*5DIGIT, 1..65535
 *     char   = %x21-7E except  "  #  <  >  \  ^  `  {  |  }
 *
 * No user information (`@` in the authority), no fragment, ASCII only.
 */
const GRAMMAR =
  /^https:\/\/(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?(?:[/?][!$-;=?-[\]_a-z~]*)?$/i;

/** True for a URL in the grammar above. Length is bounded by the field, not here. */
export function isHttpsUrl(text: string): boolean {
  const match = GRAMMAR.exec(text);
  if (match === null) return false;
  const port = match[1];
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
}
