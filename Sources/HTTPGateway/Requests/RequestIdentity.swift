import HTTPTypes
import PaymentModel
import Synchronization

/// What a request is called in answers and logs.
enum RequestIdentity {
    /// The caller's `X-Request-Id` where it is 1 to 128 of `A-Za-z0-9._-` and holds no card number, which must not get
    /// into logs; else 32 hex digits of ours.
    static func requestID(in headers: HTTPFields) -> String {
        if let given = headers[.requestID], (1...128).contains(given.utf8.count), given.utf8.allSatisfy(isIdentifier),
            !CardNumberScan.finds(in: given)
        {
            return given
        }
        return fresh()
    }

    /// 64 bits that tell processes apart, then a count that is scattered (SplitMix64's mixing, which maps no two counts to
    /// one value). A call of the kernel for each request would cost more than its key's hash.
    private static func fresh() -> String {
        let count = next.wrappingAdd(1, ordering: .relaxed).oldValue
        var mixed = (count &+ process) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        let digits: StaticString = "0123456789abcdef"
        return String(unsafeUninitializedCapacity: 32) { buffer in
            for index in 0..<16 {
                buffer[index] = digits.utf8Start[Int(truncatingIfNeeded: process >> (4 * UInt64(index)) & 15)]
                buffer[16 + index] = digits.utf8Start[Int(truncatingIfNeeded: mixed >> (4 * UInt64(index)) & 15)]
            }
            return 32
        }
    }

    private static let process = UInt64.random(in: .min ... .max)
    private static let next = Atomic<UInt64>(0)

    private static func isIdentifier(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
