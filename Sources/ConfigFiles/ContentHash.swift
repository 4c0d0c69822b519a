import Crypto
import Foundation
import PaymentModel
import ProviderKit

/// Hashes of what the configuration says after substitution. The order of keys, comments, and how the content is
/// spread over files make no difference.
enum ContentHash {
    /// The keys of a provider that only routing looks at: a change of them leaves breakers, tokens and limits alone.
    private static let routingKeys: Set = ["enabled", "fee"]

    /// Names a whole configuration: 16 hex digits. Keyed with the server's secret, because the version is shown and a
    /// plain hash would let anybody try out short secrets.
    ///
    /// - Parameter files: What of the files counts that the content names.
    static func version(of content: [ConfigNode], files: [String], key: Secret) -> String {
        var bytes: [UInt8] = []
        for node in content { append(node, to: &bytes) }
        for file in files { append(file, kind: "f", to: &bytes) }
        return String(Signature.hmacSHA256Hex(bytes, key: key).prefix(16))
    }

    /// The part of a provider that its breakers, tokens and limits depend on: 64 hex digits. Holds secrets as a plain
    /// hash: for comparing, never shown.
    ///
    /// - Parameter roots: What the file of its `ca` holds.
    static func fingerprint(of provider: ConfigNode, roots: String) -> String {
        var bytes: [UInt8] = []
        if case .map(let entries) = provider.content {
            let kept = entries.filter { !routingKeys.contains($0.key) }
            append(ConfigNode(content: .map(kept), position: provider.position), to: &bytes)
        }
        bytes += roots.utf8
        return Signature.hex(SHA256.hash(data: bytes))
    }

    /// Whose account an instance has, by the keys that say so: 64 hex digits, for comparing as well.
    static func account(plugin: String, baseURL: String, settings: ConfigNode?) -> String {
        var bytes: [UInt8] = []
        append(plugin, kind: "s", to: &bytes)
        append(baseURL, kind: "s", to: &bytes)
        if let settings { append(settings, to: &bytes) }
        return Signature.hex(SHA256.hash(data: bytes))
    }

    /// What a node says: the same of two that say the same.
    static func bytes(of node: ConfigNode) -> [UInt8] {
        var bytes: [UInt8] = []
        append(node, to: &bytes)
        return bytes
    }

    /// Kind, then length-prefixed parts: no two contents write the same bytes.
    private static func append(_ node: ConfigNode, to bytes: inout [UInt8]) {
        switch node.content {
        case .empty, .faulty: bytes.append(UInt8(ascii: "-"))
        case .scalar(let scalar): append(scalar.text, kind: "s", to: &bytes)
        case .list(let items):
            append(String(items.count), kind: "l", to: &bytes)
            for item in items { append(item, to: &bytes) }
        case .map(let entries):
            append(String(entries.count), kind: "m", to: &bytes)
            for entry in entries.sorted(by: { $0.key < $1.key }) {
                append(entry.key, kind: "k", to: &bytes)
                append(entry.value, to: &bytes)
            }
        }
    }

    private static func append(_ text: String, kind: Unicode.Scalar, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: kind))
        bytes += "\(text.utf8.count):".utf8
        bytes += text.utf8
    }
}
