import { SINGLE_PUT_BYTES } from "../../src/store/azure-blob/block-plan.ts";
import { describeObjectStore } from "../conformance/object-store.ts";
import { executableUnderTest } from "../host/executable.ts";
import { PluginHost } from "../host/host.ts";
import { HostObjectStore } from "../host/object-store.ts";
import { startLocation } from "../location.ts";

describeObjectStore(
  "the executable, driven by Velero's client",
  async () => {
    const { config, container, stop } = await startLocation();
    const host = await PluginHost.start();
    const plugin = await host.startPlugin({ path: executableUnderTest(), args: ["--log-level", "info"] });
    await plugin.init(config);
    const close = async (): Promise<void> => {
      await host.close();
      await stop();
    };
    return { store: new HostObjectStore(plugin), container, close };
  },
  {
    threshold: SINGLE_PUT_BYTES,
    blockSize: SINGLE_PUT_BYTES,
    large: 1024 ** 3,
    emptyBody: "refused",
    fetch,
  },
);
