@testable import ConfigFiles
import Foundation
import Testing

/// When a folder that changes is read.
@Suite struct FolderWatchTests {
    /// A watch under a clock of its own, looked at every half second.
    private struct Watched {
        var watch = FolderWatch()
        var now = ContinuousClock.now
        var reads: [Int] = []

        /// Looks at these states of the folder, one after the other; a reading takes the state that is there then.
        mutating func look(_ states: Int...) {
            for state in states {
                let snapshot = Self.snapshot(state)
                if watch.look(snapshot, now: now) == .read {
                    watch.willRead(snapshot)
                    reads.append(state)
                }
                now += .milliseconds(500)
            }
        }

        static func snapshot(_ state: Int) -> FolderSnapshot {
            FolderSnapshot(files: [
                "a.yaml": FolderSnapshot.File(
                    device: 1, inode: 1, size: Int64(state), modified: Int64(state), changed: 1)
            ])
        }
    }

    @Test func aChangeIsReadOnceItHasBeenStillForASecond() {
        var folder = Watched()
        folder.look(0, 0, 0, 0, 0)
        #expect(folder.reads == [0])
        folder.look(1, 1)
        #expect(folder.reads == [0])
        folder.look(1)
        #expect(folder.reads == [0, 1])
        folder.look(1, 1, 1, 1)
        #expect(folder.reads == [0, 1])
    }

    @Test func aSetThatIsStillBeingSavedIsNotRead() {
        var folder = Watched()
        folder.watch.willRead(Watched.snapshot(0))
        folder.look(0, 1, 1, 2, 2, 3, 4, 4, 5)
        #expect(folder.reads.isEmpty)
        folder.look(5, 5)
        #expect(folder.reads == [5])
    }

    @Test func aChangeThatIsTakenBackIsNone() {
        var folder = Watched()
        folder.watch.willRead(Watched.snapshot(0))
        folder.look(0, 1, 0, 0, 0, 0)
        #expect(folder.reads.isEmpty)
    }

    @Test func whatWasReadForAnotherReasonIsNotReadAgainAndWhatIsSavedAfterwardsIs() {
        var folder = Watched()
        folder.watch.willRead(Watched.snapshot(0))
        folder.look(0, 1)
        folder.watch.willRead(Watched.snapshot(1))
        folder.look(1, 1, 1)
        #expect(folder.reads.isEmpty)
        // Saved between the look that the reading began with and its end.
        folder.look(2, 2, 2)
        #expect(folder.reads == [2])
    }

    /// A folder on the disk, as editors and mounts change it.
    @Test func everyWayToSaveIsSeen() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "watch-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = FileManager.default
        #expect(FolderSnapshot(of: folder.path) == FolderSnapshot(files: nil))
        for version in ["..1", "..2"] {
            let data = folder.appending(path: version)
            try files.createDirectory(at: data, withIntermediateDirectories: true)
            try Data("routes: []".utf8).write(to: data.appending(path: "m.yaml"))
        }
        func link(_ name: String, to target: String) throws {
            let new = folder.appending(path: ".new").path
            try files.createSymbolicLink(atPath: new, withDestinationPath: target)
            // Over the old one, in one step.
            #expect(rename(new, folder.appending(path: name).path) == 0)
        }
        try link("..data", to: "..1")
        try link("m.yaml", to: "..data/m.yaml")
        let file = folder.appending(path: "a.yaml")
        try Data("apps: {}".utf8).write(to: file)

        var before = FolderSnapshot(of: folder.path)
        func expectChange(_ how: Comment, _ change: () throws -> Void) rethrows {
            try change()
            let after = FolderSnapshot(of: folder.path)
            #expect(after != before, how)
            #expect(FolderSnapshot(of: folder.path) == after, how)
            before = after
        }
        try expectChange("in place, as long as before, with its time set back") {
            let time = try #require(try files.attributesOfItem(atPath: file.path)[.modificationDate] as? Date)
            let handle = try FileHandle(forWritingTo: file)
            try handle.write(contentsOf: Data("apps:  {".utf8))
            try handle.close()
            try files.setAttributes([.modificationDate: time], ofItemAtPath: file.path)
        }
        try expectChange("renamed over") { try Data("apps: {}".utf8).write(to: file, options: .atomic) }
        try expectChange("a link to a link, as a ConfigMap is swapped") { try link("..data", to: "..2") }
        try expectChange("its target is gone") { try files.removeItem(at: folder.appending(path: "..2")) }
        try expectChange("moved aside and written anew, as vim saves") {
            try files.moveItem(at: file, to: folder.appending(path: "a.yaml~"))
            try Data("apps: {}".utf8).write(to: file)
            try files.removeItem(at: folder.appending(path: "a.yaml~"))
        }
        try expectChange("another file") { try Data("routes: []".utf8).write(to: folder.appending(path: "b.yaml")) }
        try expectChange("a file less") { try files.removeItem(at: file) }
        let current = FileManager.default.temporaryDirectory.appending(path: "watch-\(UUID().uuidString)")
        defer { try? files.removeItem(at: current) }
        try files.createSymbolicLink(at: current, withDestinationURL: folder)
        #expect(FolderSnapshot(of: current.path) == before, "the folder may be a link itself")
        // What editors leave beside a file that is being edited does not count.
        for name in [".b.yaml.swp", "b.yaml~", "4913", "#b.yaml#", "notes.md"] {
            try Data("x".utf8).write(to: folder.appending(path: name))
        }
        #expect(FolderSnapshot(of: folder.path) == before)
        // A file that is named from the folder does, there or not.
        let certificate = folder.appending(path: "tls.pem")
        let named = FolderSnapshot(of: folder.path, with: [certificate.path])
        try Data("-----BEGIN".utf8).write(to: certificate)
        #expect(FolderSnapshot(of: folder.path) == before)
        #expect(FolderSnapshot(of: folder.path, with: [certificate.path]) != named)
    }
}
