/// Finds what was probably meant by a word that is not among the allowed ones.
package enum NearestWord {
    /// The closest allowed word within a third of the word's length (at least 1, at most 3 edits); nil when none is near.
    package static func to(_ word: String, among allowed: [String]) -> String? {
        let letters = Array(word.lowercased().unicodeScalars.prefix(64))
        let limit = min(3, max(1, letters.count / 3))
        return allowed.map { ($0, distance(letters, Array($0.unicodeScalars))) }
            .filter { $0.1 <= limit }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// `did you mean "lanes"? allowed: …`
    package static func advice(_ word: String, _ allowed: [String]) -> String {
        let list = allowed.isEmpty ? "none is declared" : "allowed: \(allowed.joined(separator: ", "))"
        return to(word, among: allowed).map { "did you mean \"\($0)\"? \(list)" } ?? list
    }

    /// Edits between two words, a swap of neighbours counted as one.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(
                    previous[column] + (letter == other ? 0 : 1),
                    previous[column + 1] + 1,
                    current[column] + 1
                )
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current.append(cost)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
