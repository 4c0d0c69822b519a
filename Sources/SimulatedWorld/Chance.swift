import Fuzzing
import Synchronization

/// The chance of one world: all that is not decided by its seed beforehand is drawn from here, in the order in which things happen.
final class Chance: Sendable {
    private let random: Mutex<SeededRandom>

    init(seed: UInt64) {
        random = Mutex(SeededRandom(seed: seed))
    }

    func bits() -> UInt64 { random.withLock { $0.next() } }

    func int(_ range: ClosedRange<Int>) -> Int { random.withLock { Int.random(in: range, using: &$0) } }

    /// True so many times of a thousand.
    func perMille(_ share: Int) -> Bool { int(0...999) < share }

    func pick<Element>(_ elements: [Element]) -> Element { elements[int(0...(elements.count - 1))] }

    /// Any time up to `longest`, to the millisecond; short ones as likely as long ones by their order of magnitude.
    func duration(upTo longest: Duration) -> Duration {
        var most = max(1, Int(longest / .milliseconds(1)))
        if perMille(500) { most = max(1, most / 50) }
        return .milliseconds(int(0...most))
    }
}
