import { expect, it } from 'vitest'
import { gpusIn, gpuUsageIn } from './gpus.ts'

it('reads what the driver tells of several GPUs', () => {
  expect(gpusIn('0, 143771, 570.124.06, NVIDIA H200\n1, 81920, 570.124.06, NVIDIA A100, 80 GB\n')).toEqual([
    { index: 0, name: 'NVIDIA H200', memoryBytes: 143_771 * 1_048_576, driver: '570.124.06' },
    { index: 1, name: 'NVIDIA A100, 80 GB', memoryBytes: 81_920 * 1_048_576, driver: '570.124.06' },
  ])
  expect(gpuUsageIn('0, 37, 1024\n1, 0, 0\n')).toEqual([
    { key: 'system/gpu_0_utilization_percent', value: 37 },
    { key: 'system/gpu_0_memory_bytes', value: 1_073_741_824 },
    { key: 'system/gpu_1_utilization_percent', value: 0 },
    { key: 'system/gpu_1_memory_bytes', value: 0 },
  ])
})

it('has no number for what a GPU does not tell, as divided ones do', () => {
  expect(gpuUsageIn('0, [N/A], 12\n1, [Not Supported], [N/A]\n')).toEqual([
    { key: 'system/gpu_0_memory_bytes', value: 12 * 1_048_576 },
  ])
  expect(gpusIn('0, [N/A], 570.1, NVIDIA H200\n')).toEqual([{ index: 0, name: 'NVIDIA H200', driver: '570.1' }])
  expect(gpusIn('')).toEqual([])
})
