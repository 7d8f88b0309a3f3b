import Foundation
import TestSupport
import Testing
import Yams

/// The MPIJob is one that Kubernetes and the operator take, as far as a hand-written schema knows.
@Suite struct KubernetesTests {
  private static let folder = Repository.root.appending(path: "cluster/kubernetes")

  private static func text(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  private let schema: Schema
  private let job: String

  init() throws {
    schema = try Schema(yaml: Self.text("mpijob.schema.yaml"))
    job = try Self.text("mpijob.yaml")
  }

  private func faults(_ yaml: String) throws -> [String] {
    schema.faults(in: try #require(try Yams.compose(yaml: yaml)))
  }

  @Test func theJobHasNoFault() throws { #expect(try faults(job) == []) }

  @Test(arguments: [
    ("slotsPerWorker: 1", "slotPerWorker: 1", "$.spec.slotPerWorker: unknown field"),
    ("slotsPerWorker: 1", "slotsPerWorker: one", "$.spec.slotsPerWorker: expected integer"),
    ("cleanPodPolicy: Running", "cleanPodPolicy: Some", "$.spec.runPolicy.cleanPodPolicy"),
    ("apiVersion: kubeflow.org/v2beta1", "apiVersion: kubeflow.org/v1", "$.apiVersion"),
    ("runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot: expected"),
    ("rdd:0.1.0", "rdd", "image: registry.example.org/rdd: expected a match"),
    ("cpu: 500m", "cpu: 500x", "cpu: 500x: expected a match"),
    ("port: 2222", "port: ssh", "port: expected integer"),
    ("replicas: 2", "replicas: 0", "Worker.replicas: expected at least 1"),
    ("  name: rdd\n", "  name: Rdd\n", "$.metadata.name"),
  ])
  func aFaultIsFound(right: String, wrong: String, message: String) throws {
    let damaged = try #require(
      job.contains(right) ? job.replacingOccurrences(of: right, with: wrong) : nil)
    let found = try faults(damaged)
    #expect(found.contains { $0.contains(message) }, "\(found)")
  }

  /// What no schema holds: mounts have volumes, and nothing runs that the image does not bring.
  @Test func mountsAndProgramsExist() throws {
    let document = try #require(try Yams.compose(yaml: job))
    let image = try Self.text("Containerfile")
    for role in ["Launcher", "Worker"] {
      let pod = try #require(document["spec"]?["mpiReplicaSpecs"]?[role]?["template"]?["spec"])
      let volumes = Set(pod["volumes"]?.array().compactMap { $0["name"]?.string } ?? [])
      for container in pod["containers"]?.array() ?? [] {
        for mount in container["volumeMounts"]?.array() ?? [] {
          let name = try #require(mount["name"]?.string)
          #expect(volumes.contains(name), "\(role): \(name)")
        }
        let program = try #require(container["command"]?.array().first?.string)
        let isOurs = program.hasPrefix("cluster/")
        #expect(
          isOurs
            ? FileManager.default.isExecutableFile(
              atPath: Self.folder.appending(path: "../../\(program)").path)
            : image.contains(program), "\(role): \(program)")
      }
    }
    let keys = try Self.text("sshd_config") + Self.text("ssh_config")
    for secret in ["/etc/rdd-host-key", "/etc/rdd-known-hosts"] {
      #expect(keys.contains(secret) && job.contains("mountPath: \(secret)"), "\(secret)")
    }
  }

  /// Host keys are checked, and nobody is root.
  @Test func theImageIsNotRoot() throws {
    #expect(try Self.text("Containerfile").contains("\nUSER 1000\n"))
    #expect(try Self.text("ssh_config").contains("StrictHostKeyChecking yes"))
    let scripts = try Self.text("launch") + Self.text("keys")
    #expect(!scripts.contains("allow-run-as-root"))
  }
}
