import Foundation
import Logging
import PaymentEngine
import PaymentModel
import StrictJSON
import Synchronization

/// Where log lines go: one JSON object a line on standard output, or aligned text where that is a terminal.
struct LogOutput: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level
    private let label: String
    private let isText: Bool
    /// Where the values begin behind a message, on a terminal; the few longer ones push theirs on.
    private static let column = 28

    /// Makes this the output of every logger of the process.
    static func bootstrap(level: Logger.Level) {
        let isText = isatty(STDOUT_FILENO) == 1
        LoggingSystem.bootstrap { label in LogOutput(label: label, level: level, isText: isText) }
    }

    init(label: String, level: Logger.Level, isText: Bool) {
        self.label = label
        logLevel = level
        self.isText = isText
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        // The line's own values win over the provider's, those over the logger's; most values are the line's.
        var all = event.metadata ?? [:]
        if let provided = metadataProvider?.get() { all.merge(provided) { own, _ in own } }
        all.merge(metadata) { own, _ in own }
        let line = Self.line(
            at: SystemEnvironment().wallClock, level: event.level, label: label, message: event.message.description,
            metadata: all,
            isText: isText)
        // One write a line, so that lines of several threads do not mix.
        line.withUnsafeBytes { bytes in
            var rest = UnsafeRawBufferPointer(rebasing: bytes[...])
            while let base = rest.baseAddress, !rest.isEmpty {
                let written = write(STDOUT_FILENO, base, rest.count)
                guard written > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
    }

    /// The line with its line break.
    static func line(
        at time: Timestamp, level: Logger.Level, label: String, message: String, metadata: Logger.Metadata, isText: Bool
    ) -> [UInt8] {
        let sorted = metadata.sorted { $0.key < $1.key }
        if isText {
            let name = level.rawValue.uppercased()
            let padding = String(repeating: " ", count: max(0, 8 - name.count))
            var text = "\(time) \(name)\(padding) \(plain(.string(message)))"
            if !sorted.isEmpty {
                text += String(repeating: " ", count: max(0, column - message.count)) + "  "
                text += sorted.map { "\($0.key)=\(plain($0.value))" }.joined(separator: " ")
            }
            return Array((text + "\n").utf8)
        }
        var writer = JSONWriter(capacity: 512)
        writer.beginObject()
        writer.member("time", time.description)
        writer.member("level", level.rawValue)
        writer.member("logger", label)
        writer.member("message", message)
        for (key, value) in sorted { writer.member(key, plain(value)) }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// One line, whatever a value holds.
    private static func plain(_ value: Logger.MetadataValue) -> String {
        let text = value.description
        // Nearly all values are ASCII without line breaks; to tell by characters costs more than the rest of the line.
        if text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return text }
        return text.split(omittingEmptySubsequences: false) { $0.isNewline }.joined(separator: " ")
    }
}
