import HTTPTypes
import Testing

@testable import W3CTrace

/// `traceparent` and `tracestate` (W3C Trace Context).
struct TraceContextTests {
    private static let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test("what is valid is read to the bit, and written the same")
    func reads() throws {
        let context = try #require(TraceContext(Self.valid, state: nil))
        #expect(context.high == 0x0af7_6519_16cd_43dd && context.low == 0x8448_eb21_1c80_319c)
        #expect(context.span == 0xb7ad_6b71_6920_3331)
        #expect(context.isSampled)
        #expect(context.parent == Self.valid)
        #expect(context.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(TraceContext.spanID(context.span) == "b7ad6b7169203331")
    }

    @Test("a later version is read as far as it is known; what is not valid is none")
    func refuses() {
        let valid = Self.valid
        let table: [(given: String, parent: String?)] = [
            (valid, valid), (valid.dropLast(2) + "00", valid.dropLast(2) + "00"),
            // Only the flag that is known goes on.
            (valid.dropLast(2) + "ff", valid), (valid.dropLast(2) + "02", valid.dropLast(2) + "00"),
            ("01" + valid.dropFirst(2) + "-more", valid), ("01" + valid.dropFirst(2), valid),
            (valid + "-more", nil), (valid + "-", nil), ("01" + valid.dropFirst(2) + "more", nil),
            ("01" + valid.dropFirst(2) + "-m é", nil), ("ff" + valid.dropFirst(2), nil), (valid.uppercased(), nil),
            (String(valid.dropLast()), nil), ("", nil), ("0-0-0-0", nil),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", nil),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", nil),
            ("00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", nil),
        ]
        for (given, parent) in table {
            let context = TraceContext(String(given), state: nil)
            #expect(context?.parent == parent, "\(given)")
        }
    }

    @Test("tracestate goes on as it came, and not without a traceparent")
    func state() {
        let both: HTTPFields = [.traceParent: Self.valid, .traceState: "a=1,b=2"]
        #expect(TraceContext(in: both)?.state == "a=1,b=2")
        let alone: HTTPFields = [.traceState: "a=1"]
        #expect(TraceContext(in: alone) == nil)
        let many = (1...33).map { "a\($0)=1" }.joined(separator: ",")
        for state in ["a=" + String(repeating: "a", count: 511), many, "bad", "=,=", "a=1,,b", " , "] {
            let read = TraceContext(in: [.traceParent: Self.valid, .traceState: state])
            #expect(read != nil && read?.state == nil, "\(state)")
        }
        #expect(TraceContext(in: [.traceParent: Self.valid, .traceState: "a=1, ,b=2"])?.state == "a=1, ,b=2")
        var written: HTTPFields = [:]
        TraceContext(in: both)?.write(to: &written)
        #expect(written == both)
    }

    @Test("spans below one are of its trace, with ids of their own; the same chance gives the same ones")
    func ids() {
        func made() -> [TraceContext] {
            let ids = TraceIDs { 4 }
            let root = ids.span(below: nil, isSampled: true)
            let child = ids.span(below: root)
            return [root, child, ids.span(below: child), ids.span(below: nil)]
        }
        let spans = made()
        #expect(spans == made())
        #expect(Set(spans.map(\.span)).count == 4)
        #expect(Set(spans.prefix(3).map(\.traceID)).count == 1)
        #expect(spans[3].traceID != spans[0].traceID)
        #expect(spans[1].isSampled && !spans[3].isSampled)
    }
}
