import ConfigFiles
import Foundation
import Testing

/// The folder `routes/` of this repository, damaged. What it says as it stands is tested with the real plugins.
@Suite struct ShippedRoutesTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("routes").path

    /// One changed, removed or doubled character at every place: faults or none, and never a crash; what has an error
    /// names its place.
    @Test(arguments: ["00-server.yaml", "10-apps.yaml", "20-providers.yaml", "30-routes.yaml", "40-expectations.yaml"])
    func surviveMutations(of file: String) throws {
        var files: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.folder) {
            let text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
            // Comments are much and say nothing.
            files[name] = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("#") }
                .joined(separator: "\n")
        }
        let original = Array(try #require(files[file]).unicodeScalars)
        let replacements: [Unicode.Scalar] = ["x", ":", "\"", "{", "]", "&", "*", "!", "0", "\n", "$", "#", "-"]
        var random = SplitMix64(state: UInt64(original.count))
        for _ in 0..<200 {
            var mutated = original
            let index = Int(random.next() % UInt64(original.count))
            let replacement = replacements[Int(random.next() % UInt64(replacements.count))]
            switch random.next() % 3 {
            case 0: mutated[index] = replacement
            case 1: mutated.remove(at: index)
            default: mutated.insert(replacement, at: index)
            }
            files[file] = String(String.UnicodeScalarView(mutated))
            let result = load(files)
            #expect(result.hasErrors == result.faults.contains { $0.severity == .error })
            for fault in result.faults {
                #expect(fault.position.line >= 1 && fault.position.column >= 1)
                #expect(!fault.text.contains("\n"))
            }
        }
    }
}

/// Repeatable random numbers (Steele, Lea, Flood: SplitMix64).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
