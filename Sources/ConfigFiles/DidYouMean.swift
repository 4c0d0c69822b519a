/// Finds the known name that a misspelt one was probably meant to be.
enum DidYouMean {
    /// The nearest of `known`: within a third of the length, and at least one edit. Nil where none is near.
    static func suggestion(for word: String, among known: some Sequence<String>) -> String? {
        guard (1...64).contains(word.utf8.count) else { return nil }
        let wanted = Array(word.lowercased().utf8)
        let limit = max(1, wanted.count / 3)
        var best: (distance: Int, name: String)?
        for name in known where name != word {
            let distance = distance(wanted, Array(name.lowercased().utf8), limit: limit)
            guard distance <= limit else { continue }
            // The alphabet decides among equals, so that the answer does not depend on the order of a dictionary.
            if let best, (best.distance, best.name) <= (distance, name) { continue }
            best = (distance, name)
        }
        return best?.name
    }

    /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment); more than `limit` is
    /// not counted out.
    private static func distance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
        guard abs(left.count - right.count) <= limit else { return limit + 1 }
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in 0..<right.count {
                let isSame = left[row] == right[column]
                var least = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
