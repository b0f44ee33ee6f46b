/** A device that is lost after 30 submissions. */
import { replaceAdapter, withProperties } from "./adapter.ts";

replaceAdapter((adapter) =>
  withProperties(adapter, {
    async requestDevice(descriptor) {
      const device = await adapter.requestDevice(descriptor);
      const { queue } = device;
      const submit = queue.submit.bind(queue);
      let submissions = 0;
      queue.submit = (buffers) => {
        submit(buffers);
        if (++submissions === 30) device.destroy();
      };
      return device;
    },
  })
);
