import ProviderKit
import Testing

@Suite struct ReferenceFormatTests {
    static let hexadecimal = ReferenceFormat(alphabet: "0123456789abcdef", length: 32)
    static let longest = ReferenceFormat(alphabet: "0123456789abcdef", length: 64)
    static let shortest = ReferenceFormat(alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length: 24)
    static let all = [ReferenceFormat.base32, hexadecimal, longest, shortest]

    /// A hash whose bits are all different from their neighbours in place: 0x00, 0x01, … 0x1f.
    private let counting = [UInt8](0..<32)

    @Test func base32IsRFC4648InLowerCase() {
        // `python3 -c "import base64; print(base64.b32encode(bytes(range(32))).decode().lower()[:26])"`
        #expect(ReferenceFormat.base32.reference(from: counting) == "aaaqeayeaudaocajbifqydiob4")
        #expect(Self.shortest.reference(from: counting) == "AAAQEAYEAUDAOCAJBIFQYDIO")
    }

    @Test func hexadecimalIsHexadecimal() {
        #expect(Self.hexadecimal.reference(from: counting) == "000102030405060708090a0b0c0d0e0f")
        #expect(Self.longest.reference(from: counting) == Signature.hex(counting))
    }

    @Test(arguments: all)
    func hasItsLengthAndItsAlphabet(_ format: ReferenceFormat) {
        for byte in UInt8.min ... .max {
            let reference = format.reference(from: Array(repeating: byte, count: 32))
            #expect(reference.utf8.count == format.length)
            #expect(reference.utf8.allSatisfy(format.alphabet.contains))
        }
    }

    @Test(arguments: all)
    func carriesEveryBitOfItsShareOfTheHash(_ format: ReferenceFormat) {
        let bits = format.length * (format.alphabet.count == 32 ? 5 : 4)
        #expect(bits >= 120)
        var seen: Set<String> = [format.reference(from: Array(repeating: 0, count: 32))]
        for bit in 0..<256 {
            var hash = [UInt8](repeating: 0, count: 32)
            hash[bit / 8] = 0x80 >> UInt8(bit % 8)
            let isNew = seen.insert(format.reference(from: hash)).inserted
            #expect(isNew == (bit < bits), "bit \(bit)")
        }
    }

    @Test func everyCharacterOfTheAlphabetIsUsed() {
        for format in Self.all {
            var used: Set<UInt8> = []
            for byte in UInt8.min ... .max {
                used.formUnion(format.reference(from: Array(repeating: byte, count: 32)).utf8)
            }
            #expect(used == Set(format.alphabet))
        }
    }

    @Test func tooFewBitsAndOtherAlphabetsTrap() async {
        await #expect(processExitsWith: .failure) { _ = ReferenceFormat(alphabet: "0123456789abcdef", length: 29) }
        await #expect(processExitsWith: .failure) { _ = ReferenceFormat(alphabet: "0123456789abcdef", length: 65) }
        await #expect(processExitsWith: .failure) {
            _ = ReferenceFormat(alphabet: "abcdefghijklmnopqrstuvwxyz234567", length: 23)
        }
        await #expect(processExitsWith: .failure) {
            _ = ReferenceFormat(alphabet: "abcdefghijklmnopqrstuvwxyz234567", length: 52)
        }
        await #expect(processExitsWith: .failure) { _ = ReferenceFormat(alphabet: "0123456789", length: 40) }
        await #expect(processExitsWith: .failure) { _ = ReferenceFormat(alphabet: "0123456789abcdef0", length: 40) }
        await #expect(processExitsWith: .failure) { _ = ReferenceFormat(alphabet: "0123456789aacdef", length: 40) }
        await #expect(processExitsWith: .failure) {
            _ = ReferenceFormat.base32.reference(from: Array(repeating: 0, count: 31))
        }
    }
}
