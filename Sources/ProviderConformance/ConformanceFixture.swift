import Foundation
public import ProviderKit

/// A documented reply or callback, in a file whose name states the expectation:
/// `OPERATION.EXPECTATION[.STATUS][.NOTE].json`, as in `create.accepted.json`, `create.duplicate.422.json`,
/// `inquiry.not_found.404.json`, `callback.captured.json`. The status is 200 where the name has none. The note is free
/// text for people and comes after the status or in its place (`create.ambiguous.no_url.json`). The file is the body, to
/// the byte.
public struct ConformanceFixture: Sendable {
    /// What the file is of.
    public enum Operation: String, Sendable, CaseIterable {
        case create, inquiry, token, callback, capture, cancel, refund
        /// A reply to `followUpInquiryRequest`.
        case finding
        /// A documented body of a request of ours: for the plugin's own tests.
        case request
    }

    /// The name of the file without `.json`.
    public let name: String
    public let operation: Operation
    /// The kind of outcome.
    ///
    /// - Create: `accepted`, `declined`, `refused`, `rejected`, `duplicate`, `key_reused`, `ambiguous`.
    /// - Follow-ups: `done`, `pending`, `declined`, `refused`, `rejected`, `conflict`, `ambiguous`.
    /// - Asking after a follow-up (`finding`): `done`, `not_done`, `pending`, `declined`, `no_answer`.
    /// - Token: `issued`, `refused`, `no_answer`.
    /// - Inquiry: a state, `not_found`, `foreign`, `refused`, `no_answer`.
    /// - Callback: a state, or `unreadable` where `readCallback` throws, expectedly or not.
    /// - States: `requires_action`, `pending`, `authorized`, `captured`, `failed`, `failed_for_now`, `canceled`,
    ///   `expired`, `voided`, `partially_refunded`, `refunded`, `reversed`.
    public let expectation: String
    public let reply: ProviderReply

    /// Makes a fixture by its name; nil where the name does not follow the rule.
    public init?(name: String, body: [UInt8]) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, let operation = Operation(rawValue: parts[0]) else { return nil }
        self.name = name
        self.operation = operation
        expectation = parts[1]
        let status = parts.count > 2 ? Int(parts[2]) : nil
        reply = ProviderReply(status: status ?? 200, body: body)
    }

    /// Every fixture of a folder, in the order of the names. A test's folder is `Bundle.module.resourceURL` +
    /// `/Fixtures`.
    ///
    /// - Throws: Where the folder cannot be read, or holds a file whose name does not follow the rule.
    public static func all(in folder: String) throws -> [ConformanceFixture] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { file in
            let body = try Data(contentsOf: URL(fileURLWithPath: folder).appendingPathComponent(file))
            guard file.hasSuffix(".json"), let fixture = Self(name: String(file.dropLast(5)), body: Array(body)) else {
                throw MisnamedFixture(file: file)
            }
            return fixture
        }
    }
}

/// A fixture whose name does not say what is expected.
public struct MisnamedFixture: Error, Sendable, CustomStringConvertible {
    public let file: String
    public var description: String {
        let operations = ConformanceFixture.Operation.allCases.map(\.rawValue).joined(separator: ", ")
        return "'\(file)' is not OPERATION.EXPECTATION[.STATUS][.NOTE].json; the operations are \(operations)"
    }
}
