/** Short words in a row of a table. */
export const Chips = ({ words }: { words: readonly string[] }) =>
  words.map((word) => (
    <span key={word} className="chip">
      <span className="elide">{word}</span>
    </span>
  ))
