import HTTPTypes

/// What a request is called in answers and logs.
enum RequestIdentity {
    /// The caller's `X-Request-Id` where it is 1 to 128 of `A-Za-z0-9._-`, else 32 random hex digits.
    static func requestID(in headers: HTTPFields) -> String {
        if let given = headers[.requestID], (1...128).contains(given.utf8.count), given.utf8.allSatisfy(isIdentifier) {
            return given
        }
        return fresh()
    }

    /// The `traceparent` where it is valid (W3C Trace Context, §3.2): version, trace id, parent id and flags in lower-case
    /// hex, ids not all zeros. A later version may be longer; `ff` is none.
    static func traceParent(in headers: HTTPFields) -> String? {
        guard let given = headers[.traceParent] else { return nil }
        let parts = given.utf8.split(separator: UInt8(ascii: "-"), maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.count == $1 && $0.allSatisfy(isHexDigit) }),
            given.utf8.count == 55
                || (!parts[0].elementsEqual("00".utf8) && parts.count == 5 && given.utf8.count <= 256),
            !parts[0].elementsEqual("ff".utf8),
            !parts[1].allSatisfy({ $0 == UInt8(ascii: "0") }), !parts[2].allSatisfy({ $0 == UInt8(ascii: "0") }),
            given.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        return given
    }

    private static func fresh() -> String {
        let digits: StaticString = "0123456789abcdef"
        var bits = UInt128(UInt64.random(in: .min ... .max)) << 64 | UInt128(UInt64.random(in: .min ... .max))
        return String(unsafeUninitializedCapacity: 32) { buffer in
            for index in 0..<32 {
                buffer[index] = digits.utf8Start[Int(truncatingIfNeeded: bits & 15)]
                bits >>= 4
            }
            return 32
        }
    }

    private static func isIdentifier(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
