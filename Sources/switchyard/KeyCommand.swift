import ArgumentParser
import Crypto
import ProviderKit

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Print a new API key, and the line for the configuration.")

    func run() {
        // 256 bits from the system's generator, in letters that survive a double-click and a shell.
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let key = "sk_" + Signature.hex(bytes)
        print("key (give it to the app; it is not shown again)")
        print("  \(key)")
        print("line for apps.NAME in the configuration (it holds the key's SHA-256, never the key)")
        print("  api_keys_sha256: [\"\(Signature.hex(SHA256.hash(data: Array(key.utf8))))\"]")
    }
}
