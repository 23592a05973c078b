// The byte codes of PHP's format. Hot files take them by `const { INT } = codes`: the engine folds
// constants of a module, but loads an imported binding each time.

export const NUL = 0;
export const QUOTE = 34;
export const MINUS = 45;
export const POINT = 46;
export const ZERO = 48;
export const ONE = 49;
export const NINE = 57;
export const COLON = 58;
export const SEMICOLON = 59;
export const BACKSLASH = 92;
/** `{` */
export const OPEN = 123;
/** `|` */
export const BAR = 124;
/** `}` */
export const CLOSE = 125;

// The first byte of a value names its type.

/** `a` */
export const ARRAY = 97;
/** `b` */
export const BOOL = 98;
/** `C`: an object of a class that implements Serializable. */
export const CUSTOM = 67;
/** `d` */
export const DOUBLE = 100;
/** `E` */
export const ENUM = 69;
/** `i` */
export const INT = 105;
/** `N` */
export const NULL = 78;
/** `O` */
export const OBJECT = 79;
/** `R`: one more place of a variable. */
export const REFERENCE = 82;
/** `r`: one more place of an object. */
export const SAME_OBJECT = 114;
/** `s` */
export const STRING = 115;
/** `S`: a string with hexadecimal escapes, from PHP 6. */
export const ESCAPED = 83;
