import Foundation
import Synchronization

/// The demo's lines: numbered steps, what is said, and what was checked.
final class DemoOutput: Sendable {
    private let isColored = isatty(STDOUT_FILENO) == 1
    private let steps = Mutex(0)

    func step(_ title: String) {
        let number = steps.withLock { steps in
            steps += 1
            return steps
        }
        line("")
        line(styled("1", "\(number). \(title)"))
    }

    func say(_ text: String) { line("   " + text) }

    func detail(_ text: String) { line("   " + styled("2", text)) }

    func verdict(_ holds: Bool, _ claim: String) {
        line("   " + (holds ? styled("32", "✓") : styled("31", "✗")) + " " + claim)
    }

    func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    private func styled(_ code: String, _ text: String) -> String {
        isColored ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
