package import HTTPTypes

/// A place in a trace: the trace, and the span in it (W3C Trace Context).
package struct TraceContext: Sendable, Hashable {
    /// Bound around the work for a request, or for a payment in the background: whatever is sent meanwhile is part of that trace.
    @TaskLocal package static var current: TraceContext?

    /// The trace's id, 128 bits of which one is set.
    package let high: UInt64
    package let low: UInt64
    /// The span's id; not 0.
    package let span: UInt64
    /// Whether the caller records the trace.
    package let isSampled: Bool
    /// `tracestate` as it came.
    package let state: String?

    package init(high: UInt64, low: UInt64, span: UInt64, isSampled: Bool, state: String? = nil) {
        self.high = high
        self.low = low
        self.span = span
        self.isSampled = isSampled
        self.state = state
    }

    /// What a caller's headers say; nil where there is no valid `traceparent` (§3.2): version, trace id, parent id and flags in
    /// lower-case hex, ids not all zeros. A later version may be longer; `ff` is none.
    package init?(in headers: HTTPFields) {
        guard let parent = headers[.traceParent], let context = TraceContext(parent, state: nil) else { return nil }
        // Several fields are one list (§3.3). What is no such list is dropped, and the trace goes on without it.
        guard let given = headers[.traceState], !given.isEmpty, given.utf8.count <= 512,
            given.utf8.allSatisfy({ (0x20...0x7e).contains($0) }), Self.isList(given)
        else {
            self = context
            return
        }
        self.init(
            high: context.high, low: context.low, span: context.span, isSampled: context.isSampled, state: given)
    }

    /// Whether it is a list of at most 32 members `key=value`; members may be empty.
    private static func isList(_ state: String) -> Bool {
        let members = state.split(separator: ",").filter { $0.contains { $0 != " " } }
        return !members.isEmpty && members.count <= 32
            && members.allSatisfy { member in
                let parts = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return parts.count == 2 && parts.allSatisfy { $0.contains { $0 != " " } }
            }
    }

    /// Reads a `traceparent`.
    package init?(_ parent: String, state: String?) {
        let bytes = Array(parent.utf8)
        guard bytes.count == 55 || 57...256 ~= bytes.count, bytes[2] == Self.dash, bytes[35] == Self.dash,
            bytes[52] == Self.dash, let version = Self.number(bytes[0..<2]), version != 0xff,
            let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]), high | low != 0,
            let span = Self.number(bytes[36..<52]), span != 0, let flags = Self.number(bytes[53..<55]),
            bytes.count == 55
                || version != 0 && bytes[55] == Self.dash && bytes[56...].allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        self.init(high: high, low: low, span: span, isSampled: flags & 1 == 1, state: state)
    }

    /// `traceparent` for what is sent from this span.
    package var parent: String {
        String(unsafeUninitializedCapacity: 55) { text in
            Self.write(0, digits: 2, to: text, at: 0)
            Self.write(high, digits: 16, to: text, at: 3)
            Self.write(low, digits: 16, to: text, at: 19)
            Self.write(span, digits: 16, to: text, at: 36)
            Self.write(isSampled ? 1 : 0, digits: 2, to: text, at: 53)
            for place in [2, 35, 52] { text[place] = Self.dash }
            return 55
        }
    }

    /// The trace's id as logs and traces name it: 32 hex digits.
    package var traceID: String {
        String(unsafeUninitializedCapacity: 32) { text in
            Self.write(high, digits: 16, to: text, at: 0)
            Self.write(low, digits: 16, to: text, at: 16)
            return 32
        }
    }

    /// A span's id: 16 hex digits.
    package static func spanID(_ span: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { text in
            write(span, digits: 16, to: text, at: 0)
            return 16
        }
    }

    /// Puts the context into the headers of a request.
    package func write(to headers: inout HTTPFields) {
        headers[.traceParent] = parent
        if let state { headers[.traceState] = state }
    }

    private static let dash = UInt8(ascii: "-")

    private static func write(
        _ number: UInt64, digits: Int, to text: UnsafeMutableBufferPointer<UInt8>, at start: Int
    ) {
        var rest = number
        for place in (start..<start + digits).reversed() {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            text[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
            rest >>= 4
        }
    }

    /// Lower-case hex, at most 16 digits.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }
}

extension HTTPField.Name {
    package static let traceParent = known("traceparent")
    package static let traceState = known("tracestate")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no name of a field") }
        return name
    }
}
