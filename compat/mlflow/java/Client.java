import java.io.File;
import java.nio.file.Files;
import java.util.List;
import org.mlflow.api.proto.ModelRegistry.ModelVersion;
import org.mlflow.api.proto.Service.*;
import org.mlflow.tracking.ActiveRun;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowContext;
import org.mlflow.tracking.RunsPage;

/** What a user of MLflow's Java client does, against the server at MLFLOW_TRACKING_URI. Ends with an exception where it differs. */
public class Client {
  static void equal(Object expected, Object found) {
    if (!expected.equals(found)) throw new AssertionError("expected " + expected + ", found " + found);
  }

  public static void main(String[] arguments) throws Exception {
    MlflowClient client = new MlflowClient();
    String name = "java-" + System.nanoTime();
    String experiment = client.createExperiment(name);
    equal(name, client.getExperiment(experiment).getName());
    equal(experiment, client.getExperimentByName(name).get().getExperimentId());

    MlflowContext context = new MlflowContext(client);
    context.setExperimentId(experiment);
    ActiveRun run = context.startRun("from Java");
    run.logParam("p", "0.10");
    for (int step = 0; step < 5; step++) run.logMetric("loss", 1.0 / (step + 1), step);
    run.setTag("language", "java");
    File file = Files.createTempDirectory("java").resolve("note.txt").toFile();
    Files.writeString(file.toPath(), "from Java");
    run.endRun();

    Run found = client.getRun(run.getId());
    equal(RunStatus.FINISHED, found.getInfo().getStatus());
    equal("0.10", found.getData().getParams(0).getValue());
    equal(5, client.getMetricHistory(run.getId(), "loss").size());
    RunsPage page = client.searchRuns(List.of(experiment), "metrics.loss < 0.3 and tags.language = 'java'", ViewType.ACTIVE_ONLY, 10);
    equal(1, page.getItems().size());
    client.logBatch(run.getId(), List.of(Metric.newBuilder().setKey("late").setValue(Double.NaN).setTimestamp(1).build()), null, null);
    equal(1, client.getMetricHistory(run.getId(), "late").size());

    client.sendPost("registered-models/create", "{\"name\": \"" + name + "\"}");
    client.sendPost("model-versions/create", "{\"name\": \"" + name + "\", \"source\": \"s3://bucket/model\", \"run_id\": \"" + run.getId() + "\"}");
    List<ModelVersion> versions = client.getLatestVersions(name);
    equal(1, versions.size());
    equal("s3://bucket/model", client.getModelVersionDownloadUri(name, "1"));
    equal(run.getId(), client.getModelVersion(name, "1").getRunId());

    client.setTerminated(run.getId(), RunStatus.FAILED);
    equal(RunStatus.FAILED, client.getRun(run.getId()).getInfo().getStatus());
    client.deleteRun(run.getId());
    client.restoreRun(run.getId());
    client.deleteExperiment(experiment);
    System.out.println("the Java client does what it should");
    System.exit(0);
  }
}
