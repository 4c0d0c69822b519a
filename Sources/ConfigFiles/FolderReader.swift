/// The sections of all files of a folder, merged and not yet understood.
struct Sections {
    var server: ConfigEntry?
    var apps: [ConfigEntry] = []
    var providers: [ConfigEntry] = []
    var routes: [ConfigNode] = []
    var expectations: [ConfigNode] = []
    /// For what is missing altogether.
    let position: SourcePosition
    /// Whether every file was understood, so that a name that is not there is not there.
    var isComplete = true
}

/// Reads the files of a folder in the order of their names and merges their sections.
struct FolderReader {
    let faults: FaultLog
    let files: ConfigurationFiles
    let substitution: Substitution
    let withoutSecrets: Bool

    func read(_ folder: String) -> Sections {
        var sections = Sections(position: SourcePosition(file: folder))
        let names: [String]
        do throws(ConfigurationFiles.Failure) {
            names = try configurationFiles(in: folder)
        } catch {
            faults.error(at: sections.position, "the folder cannot be read: \(error.text)")
            sections.isComplete = false
            return sections
        }
        guard (1...Limits.files).contains(names.count) else {
            let most = "the folder holds more than \(Limits.files) files"
            faults.error(at: sections.position, names.isEmpty ? "the folder holds no *.yaml file" : most)
            sections.isComplete = false
            return sections
        }
        for name in names {
            guard let root = read(path(folder, name)) else {
                sections.isComplete = false
                continue
            }
            merge(root, into: &sections)
        }
        return sections
    }

    /// The names of the files that count, in order. Hidden ones are editors' and mounts' own.
    private func configurationFiles(in folder: String) throws(ConfigurationFiles.Failure) -> [String] {
        let names = try files.list(folder).filter { !$0.hasPrefix(".") }
        for name in names.sorted() where !name.hasSuffix(".yaml") {
            let lower = name.lowercased()
            guard lower.hasSuffix(".yml") || lower.hasSuffix(".yaml") else { continue }
            faults.warning(
                at: SourcePosition(file: path(folder, name)), "the file is not read: its name must end in '.yaml'")
        }
        // By bytes, which is what everybody sees in a listing, whatever the language of the machine.
        return names.filter(Self.isRead).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Whether a file of that name counts.
    static func isRead(_ name: String) -> Bool { name.hasSuffix(".yaml") && !name.hasPrefix(".") }

    private func path(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    private func read(_ path: String) -> ConfigNode? {
        let start = SourcePosition(file: path)
        do throws(ConfigurationFiles.Failure) {
            let bytes = try files.read(path, Limits.fileBytes)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                faults.error(at: firstReplacement(in: bytes, of: path), "the file is not UTF-8")
                return nil
            }
            let reader = YAMLReader(
                file: path, text: text, faults: faults, substitution: substitution, withoutSecrets: withoutSecrets)
            return reader.read()
        } catch {
            faults.error(at: start, "the file cannot be read: \(error.text)")
            return nil
        }
    }

    /// Where the first bytes stand that are no UTF-8.
    private func firstReplacement(in bytes: [UInt8], of path: String) -> SourcePosition {
        for (row, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where String(validating: line, as: UTF8.self) == nil {
            let column = String(decoding: line, as: UTF8.self).unicodeScalars.prefix { $0 != "\u{FFFD}" }.count
            return SourcePosition(file: path, line: row + 1, column: column + 1)
        }
        return SourcePosition(file: path)
    }

    private func merge(_ root: ConfigNode, into sections: inout Sections) {
        let entries: [ConfigEntry]
        switch root.content {
        case .map(let all): entries = all
        case .empty: return
        case .faulty:
            sections.isComplete = false
            return
        case .scalar, .list:
            faults.error(at: root.position, "a file must be a map of \(Self.keys.joined(separator: ", "))")
            sections.isComplete = false
            return
        }
        for entry in entries {
            if case .faulty = entry.value.content { sections.isComplete = false }
            switch entry.key {
            case "server":
                if let first = sections.server {
                    faults.error(at: entry.position, "'server' is there twice (first at \(first.position))")
                } else {
                    sections.server = entry
                }
            case "apps": merge(entry, "app", most: Limits.apps, into: &sections.apps)
            case "providers": merge(entry, "provider", most: Limits.providers, into: &sections.providers)
            case "routes": append(entry, most: Limits.routes, to: &sections.routes)
            case "expect": append(entry, most: Limits.expectations, to: &sections.expectations)
            default:
                // What was meant is not known, so whatever it would have named is not missing.
                sections.isComplete = false
                faults.error(
                    at: entry.position, "unknown key '\(entry.key)'",
                    suggestion: DidYouMean.suggestion(for: entry.key, among: Self.keys))
            }
        }
    }

    private static let keys = ["server", "apps", "providers", "routes", "expect"]

    private func merge(_ section: ConfigEntry, _ kind: String, most: Int, into all: inout [ConfigEntry]) {
        var positions = Dictionary(all.map { ($0.key, $0.position) }) { first, _ in first }
        for entry in faults.entries(section.value, section.key) ?? [] {
            if let first = positions[entry.key] {
                faults.error(at: entry.position, "\(kind) '\(entry.key)' is there twice (first at \(first))")
            } else {
                positions[entry.key] = entry.position
                all.append(entry)
            }
        }
        if all.count > most { faults.error(at: section.position, "more than \(most) \(section.key)") }
    }

    private func append(_ section: ConfigEntry, most: Int, to all: inout [ConfigNode]) {
        switch section.value.content {
        case .list(let items): all += items
        case .empty, .faulty: break
        case .scalar, .map:
            faults.error(
                at: section.value.position, "'\(section.key)' must be a list, not \(section.value.kind)")
        }
        if all.count > most {
            faults.error(at: section.position, "more than \(most) items in '\(section.key)'")
            all.removeAll()
        }
    }
}
